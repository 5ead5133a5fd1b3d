"""Who bears a loss, what the fund can still guarantee, and who gets what is recovered.

Source: （九）9.11 对创业担保基金提供担保的贷款，贷款额10万元以上（不含10万元）的，贷款经办机构代偿
不低于20%. A bank's share is rounded up to the fen, because half up would fall below the floor; the
fund bears the rest by subtraction, so that the two always sum to the loss.
"""

from dataclasses import dataclass

from loans.money import ceil_share, half_up, split_by_weight

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Split:
    """An amount between bank and fund, both ``>= 0``."""

    bank_fen: int
    fund_fen: int

    @property
    def total_fen(self) -> int:
        """Both parts."""
        return self.bank_fen + self.fund_fen


@dataclass(frozen=True, slots=True)
class Recovery:
    """One receipt: recovery costs first, then the two payers, then what belongs to neither."""

    costs_fen: int
    shared: Split
    surplus_fen: int


def bank_share_pct(
    *, principal_fen: int, agreed_pct: int, threshold_fen: int, minimum_pct: int
) -> int:
    """The bank's share of a loss on a contract of this principal.

    The agreed one; above the threshold (the threshold itself is not above) at least the minimum
    （（九）9.11）. Raises ``ValueError`` for an agreed share that is none.

    >>> bank_share_pct(principal_fen=100_000_01, agreed_pct=0,
    ...                threshold_fen=100_000_00, minimum_pct=20)
    20
    """
    if not 0 <= agreed_pct <= 100:
        raise ValueError(f"an agreed share is 0 to 100 percent, not {agreed_pct}")
    return max(agreed_pct, minimum_pct) if principal_fen > threshold_fen else agreed_pct


def bank_share(
    *,
    principal_fen: int,
    agreed_pct: int,
    compensated_fen: int,
    threshold_fen: int,
    minimum_pct: int,
) -> Split:
    """How bank and fund bear a compensated amount.

    ``principal_fen`` is the credit contract's principal, not a note's or a balance. Raises
    ``ValueError`` for an amount below zero.

    >>> bank_share(principal_fen=150_000_00, agreed_pct=20, compensated_fen=123_456_71,
    ...            threshold_fen=100_000_00, minimum_pct=20)
    Split(bank_fen=2469135, fund_fen=9876536)
    """
    if compensated_fen < 0:
        raise ValueError("a compensated amount is not negative")
    share_pct = bank_share_pct(
        principal_fen=principal_fen,
        agreed_pct=agreed_pct,
        threshold_fen=threshold_fen,
        minimum_pct=minimum_pct,
    )
    bank_fen = ceil_share(compensated_fen, share_pct)
    return Split(bank_fen, compensated_fen - bank_fen)


def remaining_capacity(
    *, fund_fen: int, leverage: int, outstanding_fen: int, reserved_fen: int
) -> int:
    """Fen the fund can still guarantee: fund × leverage − outstanding − reserved.

    The full guaranteed balance counts, not the fund's part of it. Negative after a compensation
    that pushed the fund over its limit: the size of the breach, in which nothing new is accepted.
    """
    return fund_fen * leverage - outstanding_fen - reserved_fen


def leverage_pct(*, fund_fen: int, outstanding_fen: int) -> int | None:
    """Outstanding guarantee in percent of the fund, half up (500 is five times); None at no fund.

    >>> leverage_pct(fund_fen=10_000_000_00, outstanding_fen=12_345_678_00)
    123
    """
    return half_up(100 * outstanding_fen, fund_fen) if fund_fen > 0 else None


def compensation_rate_ppm(*, compensated_fen: int, released_fen: int) -> int | None:
    """代偿率: compensated ÷ released guarantees of a period, half up; None if none was released."""
    return half_up(_PPM * compensated_fen, released_fen) if released_fen > 0 else None


def share_recovery(
    received_fen: int, *, unpaid_costs_fen: int, paid: Split, recovered: Split
) -> Recovery:
    """How one receipt is divided: costs first, the rest in the proportion of what was paid.

    ``recovered`` is what both got from earlier receipts. The proportion holds cumulatively, so many
    small receipts end where one large one would: the bank's total is its largest remainder of all
    recovered so far, a tie goes to the fund. Neither gets more than it paid: the surplus is the
    borrower's. Raises ``ValueError`` for amounts that cannot be.

    >>> share_recovery(1_00, unpaid_costs_fen=50, paid=Split(2000, 8000), recovered=Split(0, 0))
    Recovery(costs_fen=50, shared=Split(bank_fen=10, fund_fen=40), surplus_fen=0)
    """
    if min(received_fen, unpaid_costs_fen) < 0 or recovered.total_fen > paid.total_fen:
        raise ValueError("amounts are not negative, and no more is recovered than was paid")
    costs_fen = min(received_fen, unpaid_costs_fen)
    shared_fen = min(received_fen - costs_fen, paid.total_fen - recovered.total_fen)
    shared = _share_next(shared_fen, paid, recovered)
    return Recovery(costs_fen, shared, received_fen - costs_fen - shared_fen)


def _share_next(amount_fen: int, paid: Split, recovered: Split) -> Split:
    if amount_fen == 0:
        return Split(0, 0)
    target_fen, _ = split_by_weight(
        recovered.total_fen + amount_fen, [paid.bank_fen, paid.fund_fen]
    )
    # A reversed receipt may leave the two a fen off their proportion: the next ones make it good.
    bank_fen = min(max(target_fen - recovered.bank_fen, 0), amount_fen)
    return Split(bank_fen, amount_fen - bank_fen)
