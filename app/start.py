"""From settings to a running copy; and the refusals to start."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from app.db import (
    days_were_set,
    is_current,
    make_engine,
    make_sessions,
    migrate,
    reading,
    unsafe_database,
)
from app.deps import Installation
from app.keyring import new_keyring, read_keyring
from app.limits import Buckets
from app.settings import Environment, Settings, unsafe
from loans import audit, wall
from loans.policy import load_policy_book
from loans.vault import Vault
from loans.workdays import load_calendar


class Refused(Exception):
    """The programme does not start with these settings; each reason names one."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Opened:
    """An installation with the engine behind it, which the caller disposes of."""

    engine: Engine
    installation: Installation


def open_installation(settings: Settings, *, create: bool = False) -> Opened:
    """Open the database the settings name; with ``create`` bring it up to date first.

    Raises ``Refused`` where the settings, or in production the database's own, are unsafe, where
    there is no database yet, or where the key ring is another database's.
    """
    reasons = unsafe(settings)
    if reasons:
        raise Refused(reasons)
    if create:
        migrate(settings.owner_url, application_role=make_url(settings.database_url).username)
    engine = make_engine(settings.database_url, pool_size=settings.pool_size)
    if not _file_exists(settings) or not is_current(engine):
        engine.dispose()
        raise Refused(
            [
                "数据库尚未建立或不是当前版本：请先运行 fumin migrate"
                " (no database of this version: run fumin migrate)"
            ]
        )
    if settings.env is Environment.PRODUCTION:
        reasons = unsafe_database(engine) + days_were_set(engine)
        if reasons:
            engine.dispose()
            raise Refused(reasons)
    vault = vault_of(settings)
    if not _belongs(vault, engine):
        engine.dispose()
        raise Refused(
            [
                "密钥文件不是这个数据库的：请用 FUMIN_KEYRING 指明原来的密钥文件"
                " (the key ring is another database's: name the right one in FUMIN_KEYRING)"
            ]
        )
    installation = Installation(
        reads=make_sessions(engine, write=False),
        writes=make_sessions(engine),
        book=load_policy_book(settings.policy_dir),
        calendar=load_calendar(),
        vault=vault,
        env=settings.env.value,
        fixed_book=settings.policy_dir is not None,
        second_factor=settings.second_factor,
        buckets=Buckets(settings.requests_per_minute),
    )
    return Opened(engine, installation)


def _belongs(vault: Vault, engine: Engine) -> bool:
    """Whether this is the key ring of this database: another would seal what nobody can open."""
    with Session(reading(engine)) as session:
        wall.admit(session, wall.EVERY_BANK)
        return audit.is_keyed_by(session, vault)


def _file_exists(settings: Settings) -> bool:
    url = make_url(settings.database_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def keyring_path(settings: Settings) -> Path:
    """Where the key ring is: as named; outside production beside the SQLite file."""
    if settings.keyring is not None:
        return settings.keyring
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        raise Refused(["请用 FUMIN_KEYRING 指明密钥文件 (name the key ring in FUMIN_KEYRING)"])
    return Path(url.database or "fumin.db").with_suffix(".keys")


def vault_of(settings: Settings, *, create: bool = True) -> Vault:
    """The key ring; with ``create`` made when it is missing beside the SQLite file."""
    path = keyring_path(settings)
    try:
        exists = settings.keyring is not None or path.exists() or not create
        return read_keyring(path) if exists else new_keyring(path)
    except ValueError as error:
        raise Refused([f"密钥文件 {path} 无法使用，请换用备份的密钥文件 ({error})"]) from error
