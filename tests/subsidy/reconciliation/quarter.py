"""The worked quarter of rules.md §7 as register and claim, and a builder for further ones."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from loans.money import percent_to_ppm, yuan_to_fen
from subsidy.accrual import (
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    SUBSIDISED_CHANGED,
    SUBSIDY_STOPPED,
    WHOLE_BALANCE,
    Event,
    Events,
    Note,
    Notes,
    booked,
    day,
)
from subsidy.reconciliation import Claimed, Period, Register

CASES = Path(__file__).parents[2] / "cases" / "claims.toml"
SINCE, UNTIL = date(2019, 6, 21), date(2019, 9, 21)
PERIOD = Period(day(SINCE), day(UNTIL), "2019年第三季度")


@dataclass
class World:
    """A register that grows note by note."""

    notes: list[Note] = field(default_factory=list)
    events: list[tuple[Event, int]] = field(default_factory=list)

    def add(self, note_no: str, **facts: Any) -> str:
        """One note; unnamed facts are those of a plain one-year full-class loan."""
        plain = {
            "principal_fen": 300_000_00,
            "disbursed_on": date(2019, 4, 10),
            "matures_on": date(2020, 4, 10),
            "rate_ppm": 43_500,
            "share_pct": 100,
        }
        self.notes.append(Note(note_no=note_no, **(plain | facts)))
        return note_no

    def event(self, note_no: str, on: date, kind: int, value: int = 0, reason: int = 0) -> None:
        self.events.append((Event(note_no=note_no, on=on, kind=kind, value=value), reason))

    def repaid(self, note_no: str, on: date, fen: int) -> None:
        self.event(note_no, on, PRINCIPAL_REPAID, fen)

    def stopped(self, note_no: str, on: date, reason: int) -> None:
        self.event(note_no, on, SUBSIDY_STOPPED, reason=reason)

    def register(self, **more: Any) -> Register:
        notes = Notes.of(self.notes)
        position = {note.note_no: i for i, note in enumerate(self.notes)}
        ordered = sorted(self.events, key=lambda pair: (position[pair[0].note_no], pair[0].on))
        events = Events.of(notes, [event for event, _ in ordered])
        return Register.of(
            notes,
            events,
            reason=np.array([reason for _, reason in ordered], np.int8),
            contract_no=[f"HT-{note.note_no}" for note in self.notes],
            borrower=[f"P-{note.note_no}" for note in self.notes],
            **more,
        )


def true_fen(register: Register, note_no: str, since: date = SINCE, until: date = UNTIL) -> int:
    """booked(until) − booked(since) of one note."""
    at = np.array([list(register.notes.note_no).index(note_no)])
    notes, events = register.notes.take(at), register.events.take(at)
    amounts = booked(notes, events, [day(since), day(until)]).subsidy_fen
    return int(amounts[0, 1] - amounts[0, 0])


def line(note: Note, **facts: Any) -> dict[str, Any]:
    """A claim line of a note as an honest bank would state its facts for the whole quarter."""
    opened_before = note.disbursed_on < SINCE
    plain = {
        "note_no": note.note_no,
        "contract_no": f"HT-{note.note_no}",
        "borrower": f"P-{note.note_no}",
        "share_pct": note.share_pct,
        "rate_ppm": note.rate_ppm,
        "subsidy_rate_ppm": note.rate_ppm,
        "opening_fen": note.principal_fen if opened_before else 0,
        "disbursed_fen": 0 if opened_before else note.principal_fen,
        "repaid_fen": 0,
        "closing_fen": note.principal_fen,
        "since": day(SINCE),
        "until": day(UNTIL),
        "days": 92,
        "interest_paid_fen": 10**9,
        "claimed_fen": 0,
    }
    return plain | facts


def worked_lines() -> list[dict[str, Any]]:
    """The cases of the TOML file."""
    with CASES.open("rb") as file:
        cases: list[dict[str, Any]] = tomllib.load(file)["line"]
    return cases


def worked_quarter() -> tuple[Claimed, Register, list[dict[str, Any]]]:
    """The eight lines of §7 with their register."""
    world, lines, cases = World(), [], worked_lines()
    for at, case in enumerate(cases):
        note_no = f"JJ-{at + 1}"
        principal = yuan_to_fen(case["principal"])
        world.add(
            note_no,
            principal_fen=principal,
            rate_ppm=percent_to_ppm(case["rate"]),
            share_pct=case["share_pct"],
            disbursed_on=case["disbursed_on"],
            matures_on=case["matures_on"],
            subsidised_fen=yuan_to_fen(case["cap"]) if "cap" in case else WHOLE_BALANCE,
        )
        _events(world, note_no, principal, case)
        rate = percent_to_ppm(case.get("stated_rate", case["rate"]))
        is_settled = "settled_on" in case
        lines.append(
            line(
                world.notes[-1],
                share_pct=case.get("stated_share_pct", case["share_pct"]),
                subsidy_rate_ppm=rate,
                days=case.get("stated_days", case["days"]),
                repaid_fen=principal if is_settled else 0,
                closing_fen=0 if is_settled else principal,
                claimed_fen=yuan_to_fen(case["claimed"]),
            )
        )
    return Claimed.of(lines), world.register(), cases


def _events(world: World, note_no: str, principal: int, case: dict[str, Any]) -> None:
    if "settled_on" in case:
        world.repaid(note_no, case["settled_on"], principal)
    if "overdue_from" in case:
        world.event(note_no, case["overdue_from"], OVERDUE_FROM)
        penalty = percent_to_ppm(case["penalty_rate"])
        world.event(note_no, case["matures_on"], RATE_CHANGED, penalty)


__all__ = [
    "PERIOD", "SINCE", "SUBSIDISED_CHANGED", "UNTIL", "World", "line", "timedelta", "true_fen",
    "worked_lines", "worked_quarter",
]  # fmt: skip
