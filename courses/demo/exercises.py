"""The exercises of the demonstration course, in order."""

from courses.demo import cleaning, reading_files
from courses.demo.notebooks import Exercise


def exercises() -> list[Exercise]:
    """Built anew each time: notebooks are values, not files."""
    return [reading_files.exercise(), cleaning.exercise()]
