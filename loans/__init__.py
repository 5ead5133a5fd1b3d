"""Guaranteed loans: from application to write-off."""
