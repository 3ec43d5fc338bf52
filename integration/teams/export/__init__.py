"""Bulk Data export of a caseload, and the columnar extract of it."""
