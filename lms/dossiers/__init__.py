"""A course as bodies that accredit courses want it described: on paper and as data."""
