"""Capstones: projects that pass the examiner first, are read by nameless peers then, and are decided by a person."""
