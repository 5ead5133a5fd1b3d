"""Findings without money: R08 identity, R09 balances, R14 and R20 from the registers."""

from collections import defaultdict
from collections.abc import Iterator

from loans.money import fen_to_yuan
from subsidy.reconciliation.claimed import Claimed
from subsidy.reconciliation.codes import CODES
from subsidy.reconciliation.pairing import Pairs
from subsidy.reconciliation.register import Flag
from subsidy.reconciliation.result import LineFinding


def line_findings(claimed: Claimed, pairs: Pairs) -> Iterator[LineFinding]:
    """All findings of the readable lines, in the claim's order of each kind."""
    yield from _balances(claimed)
    yield from _carried_forward(pairs)
    yield from _identity(pairs)
    yield from _flags(pairs)


def _finding(line: int, code: str, message: str) -> LineFinding:
    return LineFinding(line, code, message, CODES[code].cites)


def _balances(claimed: Claimed) -> Iterator[LineFinding]:
    rolled = claimed.opening_fen + claimed.disbursed_fen - claimed.repaid_fen
    for at in ((rolled != claimed.closing_fen) & ~claimed.is_bad).nonzero()[0].tolist():
        yield _finding(
            at,
            "R09",
            f"期初 {fen_to_yuan(claimed.opening_fen[at])} + 发放 "
            f"{fen_to_yuan(claimed.disbursed_fen[at])} − 收回 {fen_to_yuan(claimed.repaid_fen[at])}"
            f" = {fen_to_yuan(rolled[at])}，与期末 {fen_to_yuan(claimed.closing_fen[at])} 不符",
        )


def _carried_forward(pairs: Pairs) -> Iterator[LineFinding]:
    last = pairs.register.last_closing_fen[pairs.note]
    opening = pairs.of_line("opening_fen")
    for at in ((last >= 0) & (opening != last)).nonzero()[0].tolist():
        yield _finding(
            int(pairs.line[at]),
            "R09",
            f"期初余额 {fen_to_yuan(opening[at])} 与上期期末余额 {fen_to_yuan(last[at])} 不符",
        )


def _identity(pairs: Pairs) -> Iterator[LineFinding]:
    claimed, register = pairs.claimed, pairs.register
    for line, note in zip(pairs.line.tolist(), pairs.note.tolist(), strict=True):
        stated, known = claimed.contract_no[line], register.contract_no[note]
        if stated and stated != known:
            yield _finding(line, "R08", f"贷款合同号 {stated} 与登记的 {known} 不符")
        borrower = claimed.borrower[line]
        if borrower and borrower != register.borrower[note]:
            yield _finding(line, "R08", "证件号与该借据登记的借款人不符")


def _flags(pairs: Pairs) -> Iterator[LineFinding]:
    if not pairs.register.flags:
        return
    by_note: dict[str, list[Flag]] = defaultdict(list)
    for flag in pairs.register.flags:
        if flag.since < pairs.period.until:
            by_note[flag.note_no].append(flag)
    for line in pairs.line.tolist():
        for flag in by_note.get(pairs.claimed.note_no[line], ()):
            yield _finding(line, flag.code, flag.message)
