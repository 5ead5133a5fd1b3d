"""Reads of the subsidy side: the book of notes as the accrual core wants it.

One query per frame: notes with their contracts, and the movements that stand. What the core calls
an event is made here from what banks reported and from the contract (the penalty rate after
maturity, the cap of a person or a firm over all their notes).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import aliased

from loans.classes import SubsidisedNote, subsidised_balances
from loans.context import Context
from loans.models import Contract, Movement, MovementKind, Note
from loans.workflow import BorrowerKind
from subsidy import accrual
from subsidy.accrual import Event, Events, Notes
from subsidy.models import AccrualLine, MonthLock

DAY_COUNTS = {
    "act/360": accrual.ACT_360,
    "act/365": accrual.ACT_365,
    "30/360": accrual.THIRTY_360,
}
SETTLEMENTS = {
    "quarterly-20": accrual.QUARTERLY_20,
    "monthly-20": accrual.MONTHLY_20,
    "month-end": accrual.MONTH_END,
    "at-maturity": accrual.AT_MATURITY,
}
EVENTS = {
    MovementKind.PRINCIPAL_REPAID: accrual.PRINCIPAL_REPAID,
    MovementKind.RATE_CHANGED: accrual.RATE_CHANGED,
    MovementKind.OVERDUE_FROM: accrual.OVERDUE_FROM,
    MovementKind.OVERDUE_CURED: accrual.OVERDUE_CURED,
    MovementKind.SUBSIDY_STOPPED: accrual.SUBSIDY_STOPPED,
}


def settlement_code(settlement: str) -> int:
    """The core's code of a note's settlement rule; ``monthly-D`` for instalment notes."""
    known = SETTLEMENTS.get(settlement)
    return accrual.monthly(int(settlement.removeprefix("monthly-"))) if known is None else known
