"""match: a bank's claim against the register, line by line and the other way round."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loans.money import fen_to_yuan
from subsidy.accrual import to_date
from subsidy.arrays import Flags, Integers, Positions
from subsidy.conventions import TITLES
from subsidy.reconciliation.attribution import (
    Attribution,
    Part,
    attribute,
    capped_by_interest,
)
from subsidy.reconciliation.checks import line_findings
from subsidy.reconciliation.choices import truth_of
from subsidy.reconciliation.claimed import Claimed
from subsidy.reconciliation.codes import CODES
from subsidy.reconciliation.coverage import Coverage, coverage
from subsidy.reconciliation.pairing import Pairs, note_positions, pair
from subsidy.reconciliation.register import Period, Register
from subsidy.reconciliation.result import (
    Cause,
    ConventionFinding,
    FileFinding,
    LineClass,
    Reconciliation,
    Unclaimed,
)
from subsidy.reconciliation.sentences import Scene, words
from subsidy.reconciliation.variants import Variants, value


def match(
    claimed: Claimed,
    register: Register,
    period: Period,
    *,
    tolerance_fen: int,
    file_findings: tuple[FileFinding, ...] = (),
) -> Reconciliation:
    """Recompute every line of a claim; class, causes and payable amount of each.

    ``file_findings`` are those of the sheet itself (R19); they are handed on. Payable is the
    smaller of claimed and recomputed: never more than claimed. A difference of at most
    ``tolerance_fen`` is listed as rounding, not charged (rules.md §7: 0.01).
    """
    note = note_positions(claimed, register)
    pairs = pair(claimed, register, period, note)
    all_pairs = np.arange(len(pairs))
    expected_pairs = capped_by_interest(pairs, value(pairs, Variants.true(all_pairs)))
    expected = np.zeros(len(claimed), np.int64)
    expected[pairs.line] = expected_pairs
    deducted = np.zeros(len(claimed), np.int64)
    deducted[pairs.line] = pairs.deducted_fen

    wholly_taken = _wholly_taken(pairs)
    differs = (pairs.of_line("claimed_fen") != expected_pairs) & ~wholly_taken
    truth = truth_of(pairs, np.flatnonzero(differs))
    attribution = attribute(pairs, truth, expected_pairs, tolerance_fen)
    scene = Scene(pairs, truth, attribution, tolerance_fen)
    causes = _causes(claimed, pairs, scene, wholly_taken, note)
    cover = coverage(pairs, note)
    is_duplicate = np.zeros(len(claimed), np.bool_)
    is_duplicate[pairs.line[wholly_taken]] = True
    return Reconciliation(
        row=claimed.row,
        note_no=claimed.note_no,
        note=note.astype(np.int64),
        line_class=_classes(claimed, note, expected, is_duplicate, tolerance_fen),
        claimed_fen=claimed.claimed_fen,
        expected_fen=expected,
        payable_fen=np.minimum(expected, np.maximum(claimed.claimed_fen, 0)),
        deducted_fen=deducted,
        causes=causes,
        findings=tuple(line_findings(claimed, pairs)),
        unclaimed=tuple(_unclaimed(register, cover)),
        is_claimed=cover.is_claimed,
        earned_fen=cover.earned_fen,
        convention=_convention(attribution),
        file_findings=file_findings,
    )


def _wholly_taken(pairs: Pairs) -> Flags:
    """Lines none of whose days is left over by earlier claims and other lines."""
    nothing_left: Flags = np.diff(pairs.free_offsets) == 0
    return nothing_left & (pairs.until > pairs.since)


def _classes(
    claimed: Claimed,
    note: Positions,
    expected: Integers,
    is_duplicate: Flags,
    tolerance_fen: int,
) -> list[LineClass]:
    difference = claimed.claimed_fen - expected
    names = list(LineClass)
    index = np.select(
        [claimed.is_bad, note < 0, is_duplicate, difference == 0,
         np.abs(difference) <= tolerance_fen, difference < 0],
        [names.index(name) for name in (
            LineClass.BAD, LineClass.UNKNOWN, LineClass.DUPLICATE, LineClass.MATCHED,
            LineClass.ROUNDING, LineClass.UNDER)],
        names.index(LineClass.DIFFERS),
    )  # fmt: skip
    return [names[i] for i in index.tolist()]


def _causes(
    claimed: Claimed,
    pairs: Pairs,
    scene: Scene,
    wholly_taken: Flags,
    note: Positions,
) -> list[tuple[Cause, ...]]:
    """Per line of the claim: its causes, none where it does not differ or is bad."""
    causes: list[tuple[Cause, ...]] = [()] * len(claimed)
    by_line: dict[int, list[Part]] = defaultdict(list)
    for part in scene.attribution.parts:
        by_line[part.line].append(part)
    for at in np.flatnonzero(wholly_taken).tolist():
        amount = int(claimed.claimed_fen[pairs.line[at]])
        by_line[at] = [Part(at, "R07", amount)] if amount else []
    for at, parts in by_line.items():
        causes[int(pairs.line[at])] = words(scene, _merged(parts))
    for line in np.flatnonzero((note < 0) & ~claimed.is_bad).tolist():
        causes[line] = _unknown(claimed, line)
    return causes


def _merged(parts: list[Part]) -> list[Part]:
    """One cause a code: R03 may come from the days and from counting both ends."""
    by_code: dict[str, Part] = {}
    for part in parts:
        seen = by_code.get(part.code)
        total = part.amount_fen + (seen.amount_fen if seen else 0)
        by_code[part.code] = replace(seen or part, amount_fen=total)
    return [part for part in by_code.values() if part.amount_fen]


def _unknown(claimed: Claimed, line: int) -> tuple[Cause, ...]:
    amount = int(claimed.claimed_fen[line])
    number = claimed.note_no[line]
    message = f"借据号 {number} 不在本行的登记簿中，申报的 {fen_to_yuan(amount)} 元不予贴息"
    return (Cause("R08", amount, message, CODES["R08"].cites),)


def _unclaimed(register: Register, cover: Coverage) -> Iterator[Unclaimed]:
    for note in np.flatnonzero(cover.unclaimed_fen).tolist():
        amount, number = int(cover.unclaimed_fen[note]), register.notes.note_no[note]
        has_line = bool(cover.is_claimed[note])
        since = to_date(int(register.notes.disbursed_on[note]))
        what = "有部分天数未申报" if has_line else "已登记而未申报"
        worth = fen_to_yuan(amount)
        yield Unclaimed(
            note,
            number,
            amount,
            has_line,
            f"借据 {number}（{since} 发放）{what}，可贴息 {worth} 元，可在以后的申报中补报",
        )


def _convention(attribution: Attribution) -> ConventionFinding | None:
    if attribution.used is None:
        return None
    amount = sum(part.amount_fen for part in attribution.parts if part.code == "R11")
    convention, lines = attribution.used.convention, attribution.explained
    return ConventionFinding(
        convention.value,
        lines,
        amount,
        f"{lines} 行差异均与“{TITLES[convention]}”一致，合计 {fen_to_yuan(amount)} 元",
    )
