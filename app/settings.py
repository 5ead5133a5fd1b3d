"""Settings: read once from ``FUMIN_*``, and the refusals of an unsafe one in production."""

import stat
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Environment(StrEnum):
    """Where the programme runs; only ``PRODUCTION`` holds real people's data."""

    DEMO = "demo"
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Everything that may differ between two installations."""

    model_config = SettingsConfigDict(
        env_prefix="FUMIN_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    env: Environment = Environment.DEVELOPMENT
    # Addresses may carry a password, so they never show in a repr.
    database_url: str = Field(default="sqlite:///fumin.db", repr=False)
    migration_url: str | None = Field(default=None, repr=False)
    keyring: Path | None = None
    policy_dir: Path | None = None
    requests_per_minute: int = Field(default=1200, ge=60)  # of one organisation, by one process
    second_factor: bool = False  # in production it is asked for in any case
    pool_size: int = Field(default=10, ge=1, le=40)

    @property
    def owner_url(self) -> str:
        """The address migrations use: the tables' owner, or the only role there is."""
        return self.migration_url or self.database_url


@cache
def read_settings() -> Settings:
    """The settings of this process, read from the environment at the first call."""
    return Settings()


def unsafe(settings: Settings) -> list[str]:
    """Why the programme refuses to start with these settings; empty when it may start.

    A named file or folder must exist everywhere; the other refusals hold in production only.
    Each is one line, Chinese first, then English, and names the setting to change.
    """
    refusals = [
        f"{name} 指向的路径不存在：{path} ({name} names a path that does not exist)"
        for name, path in _named_paths(settings)
        if not path.exists()
    ]
    try:
        url = make_url(settings.database_url)
        owner = make_url(settings.owner_url)
    except ArgumentError:
        return [*refusals, "数据库地址无法识别：FUMIN_DATABASE_URL (not a database address)"]
    if settings.env is Environment.PRODUCTION:
        refusals += _unsafe_database_address(url, owner)
        refusals += _unsafe_keyring(settings.keyring)
    return refusals


def _named_paths(settings: Settings) -> list[tuple[str, Path]]:
    named = {
        "FUMIN_KEYRING": settings.keyring,
        "FUMIN_POLICY_DIR": settings.policy_dir,
    }
    return [(name, path) for name, path in named.items() if path is not None]


def _unsafe_database_address(url: URL, owner: URL) -> list[str]:
    if url.get_backend_name() != "postgresql":
        return [
            "生产环境只能使用 PostgreSQL：请设置 FUMIN_DATABASE_URL"
            " (production runs on PostgreSQL only: set FUMIN_DATABASE_URL)"
        ]
    refusals = []
    if url.username == owner.username:
        refusals.append(
            "生产环境须有两个数据库角色：请在 FUMIN_MIGRATION_URL 中使用表的所有者，"
            "FUMIN_DATABASE_URL 使用另一个无特权的角色"
            " (the application's role may not own the tables: set FUMIN_MIGRATION_URL)"
        )
    refusals += [
        f"生产环境的数据库连接必须加密：请在 {name} 中加 sslmode=verify-full"
        " (the database link must be encrypted: add sslmode=verify-full)"
        for name, each in (("FUMIN_DATABASE_URL", url), ("FUMIN_MIGRATION_URL", owner))
        if not _is_local(each) and each.query.get("sslmode") not in ENCRYPTED
    ]
    return refusals


def _is_local(url: URL) -> bool:
    """Whether no part of the address leads off this machine; of hosts the query's count too."""
    named = [url.host or "", *url.normalized_query.get("host", ())]
    named += url.normalized_query.get("hostaddr", ())
    hosts = [host for each in named for host in each.split(",")]
    return all(host == "" or host.startswith("/") or host in LOCAL_HOSTS for host in hosts)


def _unsafe_keyring(path: Path | None) -> list[str]:
    if path is None:
        return ["生产环境缺少设置 FUMIN_KEYRING (production needs FUMIN_KEYRING)"]
    if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return [
            f"FUMIN_KEYRING 的文件其他用户可读：请执行 chmod 600 {path}"
            " (the file of FUMIN_KEYRING is open to other users: chmod 600)"
        ]
    return []
