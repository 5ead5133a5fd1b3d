"""What a bank's detail sheet says: one column a fact, one entry a line.

Money is int64 fen, rates int ppm, days are days since 1970-01-01, periods half-open: ``until`` is
the day after the sheet's 贴息止日.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from subsidy.arrays import Flags, Integers

UNSTATED = -1  # an optional number the sheet does not state


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """Columns of shape ``(m,)`` in the order of the file.

    ``is_bad`` marks lines that could not be read whole: nothing is computed for them. Their other
    entries may be 0.
    """

    row: Integers  # the file's row number, from 1
    note_no: Sequence[str]
    contract_no: Sequence[str]
    borrower: Sequence[str]  # the same key as in the register; empty where not known
    share_pct: Integers  # the claimed class's share; UNSTATED where the class is not understood
    rate_ppm: Integers  # 合同利率
    subsidy_rate_ppm: Integers  # 贴息利率
    opening_fen: Integers
    disbursed_fen: Integers
    repaid_fen: Integers
    closing_fen: Integers
    since: Integers
    until: Integers
    days: Integers  # 贴息天数
    interest_paid_fen: Integers  # 实付利息, or UNSTATED
    claimed_fen: Integers
    is_bad: Flags

    def __len__(self) -> int:
        return len(self.row)

    @staticmethod
    def of(records: Sequence[Mapping[str, Any]]) -> "Claimed":
        """Columns of records with the names above, in their order; all but ``row`` and
        ``is_bad`` are required."""
        columns: dict[str, Any] = {}
        for field in fields(Claimed):
            name = field.name
            if name in TEXTS:
                columns[name] = [str(record[name]) for record in records]
            elif name == "is_bad":
                columns[name] = np.array([record.get(name, False) for record in records], np.bool_)
            elif name == "row":
                numbers = [record.get(name, at + 2) for at, record in enumerate(records)]
                columns[name] = np.array(numbers, np.int64)
            else:
                columns[name] = np.array([record[name] for record in records], np.int64)
        return Claimed(**columns)


TEXTS = ("note_no", "contract_no", "borrower")
