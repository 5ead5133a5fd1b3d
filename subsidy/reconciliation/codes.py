"""R01–R20: the closed list of difference codes, as data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Code:
    """One code: what it means, an example, what to do, its basis, how grave it is.

    ``order`` is its place in the attribution, None for findings without money.
    """

    code: str
    title: str
    example: str
    remedy: str
    cites: tuple[str, ...]
    severity: str
    order: int | None


def _load() -> dict[str, Code]:
    with Path(__file__).with_name("codes.toml").open("rb") as file:
        raw = tomllib.load(file)
    return {
        code: Code(
            code=code,
            title=entry["title"],
            example=entry["example"],
            remedy=entry["remedy"],
            cites=tuple(entry["cites"]),
            severity=entry["severity"],
            order=entry.get("order"),
        )
        for code, entry in sorted(raw.items())
    }


CODES: Final[Mapping[str, Code]] = _load()
