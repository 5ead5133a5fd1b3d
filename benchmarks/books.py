"""Random books: a province's notes in the order of their numbers, from a fixed seed."""

from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from subsidy.accrual import (
    ACT_360,
    CONTRACT_RATE,
    NO_CEILING,
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    QUARTERLY_20,
    RATE_CHANGED,
    WHOLE_BALANCE,
    Events,
    Notes,
    day,
)

Integers = npt.NDArray[np.int64]

FIRST_MONTH: Final = date(2019, 1, 1)
MONTHS: Final = 36
YEARS_OF_DISBURSING: Final = 3  # from half a year before the window to half a year before its end
AMORTISING_PCT: Final = 30


class Numbers:
    """Note numbers that are never stored: a sequence is all the core needs for its messages."""

    def __init__(self, start: int, stop: int) -> None:
        self._start, self._stop = start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, i: int) -> str:
        return f"JY-{self._start + i:08d}"


def boundaries() -> npt.NDArray[np.int32]:
    """The first days of the 36 months and the day after them."""
    months = np.arange(MONTHS + 1) + np.datetime64(FIRST_MONTH, "M")
    return months.astype("datetime64[D]").astype(np.int32)


def bullet_book(n: int, seed: int = 2019) -> tuple[Notes, Events]:
    """Notes repaid at maturity (1.5 events each): every second one has one more event."""
    random = np.random.default_rng(seed)
    notes = _notes(n, random)
    return notes, _events(notes, random, amortising=np.zeros(n, np.bool_))


def mixed_book(n: int, seed: int = 2019) -> tuple[Notes, Events]:
    """The same notes, 30% of which repay 1/36 of the principal on each of 36 monthly due days."""
    random = np.random.default_rng(seed)
    notes = _notes(n, random)
    amortising = random.integers(0, 100, n) < AMORTISING_PCT
    notes.matures_on[amortising] = notes.disbursed_on[amortising] + 1096
    notes.subsidy_ends_on[:] = notes.matures_on
    return notes, _events(notes, random, amortising=amortising)


BOOKS: Final[dict[str, Callable[[int], tuple[Notes, Events]]]] = {
    "bullet": bullet_book,
    "mixed": mixed_book,
}


def _notes(n: int, random: np.random.Generator) -> Notes:
    first = day(FIRST_MONTH) - 184
    disbursed = np.sort(random.integers(first, first + 365 * YEARS_OF_DISBURSING, n))
    matures = disbursed + random.choice([365, 730, 1096], n)
    half = random.integers(0, 100, n) < 50
    return Notes(
        note_no=Numbers(0, n),
        principal_fen=random.integers(10, 301, n) * 1_000_00,
        disbursed_on=disbursed.astype(np.int32),
        matures_on=matures.astype(np.int32),
        rate_ppm=random.choice([38_500, 43_500, 45_000, 47_850], n).astype(np.int32),
        share_pct=np.where(half, 50, 100).astype(np.int8),
        subsidised_fen=np.full(n, WHOLE_BALANCE),
        benchmark_ppm=np.full(n, CONTRACT_RATE, np.int32),
        ceiling_ppm=np.full(n, NO_CEILING, np.int32),
        floor_ppm=np.zeros(n, np.int32),
        subsidy_ends_on=matures.astype(np.int32),
        day_count=np.full(n, ACT_360, np.int8),
        settlement=np.full(n, QUARTERLY_20, np.int8),
    )


def _events(
    notes: Notes, random: np.random.Generator, *, amortising: npt.NDArray[np.bool_]
) -> Events:
    """Maturity, instalments, and for every second note a prepayment, new rate or overdue spell."""
    n = len(notes)
    whole = np.flatnonzero(~amortising)
    part = np.flatnonzero(amortising)
    extra = whole[random.integers(0, 2, len(whole)) == 0]
    extra_kind = random.choice(
        [PRINCIPAL_REPAID, RATE_CHANGED, OVERDUE_FROM], len(extra), p=[0.6, 0.35, 0.05]
    )
    extra_on = notes.disbursed_on[extra] + random.integers(30, 300, len(extra))
    extra_value = np.zeros(len(extra), np.int64)
    prepaid = extra_kind == PRINCIPAL_REPAID
    extra_value[prepaid] = notes.principal_fen[extra[prepaid]] // 5
    extra_value[extra_kind == RATE_CHANGED] = 41_000
    late = extra[extra_kind == OVERDUE_FROM]
    last = notes.principal_fen.astype(np.int64).copy()
    last[extra[prepaid]] -= extra_value[prepaid]

    month = np.arange(1, 37)
    due = (notes.disbursed_on[part, None] + (month * 30.4375).astype(np.int64)).ravel()
    due.reshape(-1, 36)[:, -1] = notes.matures_on[part]
    instalment = np.repeat(notes.principal_fen[part] // 36, 36).reshape(-1, 36)
    instalment[:, -1] = notes.principal_fen[part] - instalment[:, 0] * 35
    owner = np.concatenate([extra, late, whole, np.repeat(part, 36)])
    on = np.concatenate(
        [extra_on, extra_on[extra_kind == OVERDUE_FROM] + 20, notes.matures_on[whole], due]
    )
    kind = np.concatenate(
        [
            extra_kind,
            np.full(len(late), OVERDUE_CURED),
            np.full(len(whole) + len(due), PRINCIPAL_REPAID),
        ]
    )
    value = np.concatenate(
        [extra_value, np.zeros(len(late), np.int64), last[whole], instalment.ravel()]
    )
    return Events.sorted(
        n, owner=owner, on=on.astype(np.int32), kind=kind.astype(np.int8), value=value
    )
