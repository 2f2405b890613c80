"""Exercise B-N1 อ่านไฟล์ / Reading files: two encodings, one table. Its text: ``texts/exercises``."""

from courses.demo import exercises
from courses.demo.notebooks import Exercise

SLUG = "b-n1-reading-files"


def exercise() -> Exercise:
    """The whole exercise: about 100 minutes, 12 points."""
    return exercises.exercise(SLUG)
