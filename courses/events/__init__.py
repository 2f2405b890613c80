"""Events: a challenge for teams, between two moments, on data that nobody has seen."""
