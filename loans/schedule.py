"""Repayment plans (placeholder for the month arithmetic that others import)."""

from loans.daycount import add_months as add_months
