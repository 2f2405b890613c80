"""A course as one file: out of a site, and into another one (docs/packages.md)."""
