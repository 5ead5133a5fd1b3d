"""The declarative base: keys, names of constraints, how enums and moments are stored."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# A BIGINT primary key on PostgreSQL; SQLite counts rows by itself only in an INTEGER column.
BigKey = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "moments carry their zone"
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def stored(enum: type[StrEnum], name: str = "") -> Enum:
    """A StrEnum as short text with its values; the database checks them too.

    ``name`` tells a table's second check of the same enum from its first.
    """
    return Enum(
        enum,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=name or enum.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def sealed(field: str, *, deferred: bool = False) -> Any:
    """A column of sealed bytes, with the field's name that the vault binds into them.

    ``deferred``: whole files, which only come along when they are asked for.
    """
    return mapped_column(info={"sealed": field}, deferred=deferred)


ERASED = "已删除"


def erasable(length: int) -> Any:
    """A text of an append-only row that may name a person: the one change it takes is erasing."""
    return mapped_column(String(length), info={"erasable": True})


class Model(DeclarativeBase):
    """Base of all tables. Relations, where there are any, are ``lazy="raise"``."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: String,
        bytes: LargeBinary,
        date: Date,
        datetime: Moment,
        UUID: Uuid,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class Keyed:
    """An internal key that no one outside sees, and a random public one."""

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[UUID] = mapped_column(unique=True)


APPEND_ONLY: dict[str, Any] = {"info": {"append_only": True}}
