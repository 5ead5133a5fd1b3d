"""Benchmarks of the accrual core: ratios measured in one run, never a timed test."""
