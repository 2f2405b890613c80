"""Issuers of other bodies whose credentials are believed here: a signed list, and copies of their status lists."""
