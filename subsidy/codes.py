"""The programme's words for a contract's day count and settlement, as the core's small integers."""

from loans.daycount import DayCount
from loans.settlement import AT_MATURITY, MONTH_END, MONTHLY_20, QUARTERLY_20, due_on_day
from subsidy import accrual

DAY_COUNTS: dict[str, int] = {
    DayCount.ACT_360: accrual.ACT_360,
    DayCount.ACT_365: accrual.ACT_365,
    DayCount.THIRTY_360: accrual.THIRTY_360,
}
SETTLEMENTS: dict[str, int] = {
    QUARTERLY_20: accrual.QUARTERLY_20,
    MONTHLY_20: accrual.MONTHLY_20,
    MONTH_END: accrual.MONTH_END,
    AT_MATURITY: accrual.AT_MATURITY,
} | {due_on_day(day): accrual.monthly(day) for day in range(1, 32)}
