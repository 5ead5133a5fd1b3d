"""Interest subsidy on guaranteed loans: accrual, claims, reconciliation, remittance."""
