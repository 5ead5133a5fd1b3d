"""Settings: defaults for a newcomer, refusals in production."""

import pytest
from typer.testing import CliRunner

from app.cli import COMMANDS, build
from app.commandline import serving
from app.settings import Environment, Settings, unsafe
from app.start import Opened

POSTGRESQL = "postgresql+psycopg://{}@/fumin?host=/run/postgresql"


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch):
    for name in ("ENV", "DATABASE_URL", "MIGRATION_URL", "KEYRING", "POLICY_DIR"):
        monkeypatch.delenv(f"FUMIN_{name}", raising=False)


@pytest.fixture
def production(tmp_path) -> dict[str, object]:
    """Settings that production accepts; each test spoils one."""
    (tmp_path / "keyring").touch(mode=0o600)
    return {
        "env": Environment.PRODUCTION,
        "database_url": POSTGRESQL.format("application"),
        "migration_url": POSTGRESQL.format("owner"),
        "keyring": tmp_path / "keyring",
    }


def test_a_newcomer_needs_no_setting():
    settings = Settings()
    assert settings.database_url == "sqlite:///fumin.db"
    assert unsafe(settings) == []


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("FUMIN_ENV", "demo")
    monkeypatch.setenv("FUMIN_DATABASE_URL", "")
    assert Settings().env is Environment.DEMO
    assert Settings().database_url == "sqlite:///fumin.db"


def test_a_complete_production_may_start(production):
    assert unsafe(Settings(**production)) == []


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        ({"database_url": "sqlite:///fumin.db"}, "FUMIN_DATABASE_URL"),
        ({"migration_url": None}, "FUMIN_MIGRATION_URL"),
        ({"keyring": None}, "FUMIN_KEYRING"),
        ({"keyring": "/nowhere/keyring"}, "FUMIN_KEYRING"),
        ({"policy_dir": "/nowhere/policy"}, "FUMIN_POLICY_DIR"),
        *(
            ({"database_url": f"postgresql+psycopg://a@{address}"}, "sslmode")
            for address in (
                "10.0.0.1/fumin",
                "localhost/fumin?host=10.0.0.1",
                "/fumin?hostaddr=10.0.0.1",
                "/fumin?host=/run/postgresql,10.0.0.1",
            )
        ),
        ({"migration_url": "postgresql+psycopg://o@10.0.0.1/fumin"}, "FUMIN_MIGRATION_URL"),
        ({"database_url": "not an address"}, "FUMIN_DATABASE_URL"),
    ],
)
def test_an_unsafe_production_is_refused_by_name(production, spoilt, named):
    (refusal,) = unsafe(Settings(**{**production, **spoilt}))
    assert named in refusal


def test_a_keyring_that_others_may_read_is_refused(production, tmp_path):
    (tmp_path / "keyring").chmod(0o640)
    (refusal,) = unsafe(Settings(**production))
    assert "chmod 600" in refusal


def test_addresses_with_passwords_never_show():
    settings = Settings(database_url="postgresql+psycopg://a:sesame@db/fumin")
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize(
    ("words", "named"),
    [(["--host", "0.0.0.0"], "--host"), (["--workers", "8"], "FUMIN_POOL_SIZE")],
)
def test_a_server_open_to_the_network_or_greedy_does_not_start(words, named, monkeypatch):
    """Plain http is for the proxy on the same machine; PostgreSQL has so many connections."""
    monkeypatch.setattr(serving, "open_installation", lambda settings: Opened(_Engine(), None))
    monkeypatch.setattr(serving, "Settings", lambda: Settings(env="production", pool_size=20))
    result = CliRunner().invoke(build(COMMANDS), ["serve", *words])
    assert result.exit_code == 1 and named in result.output


class _Engine:
    def dispose(self) -> None:
        """Nothing was opened."""
