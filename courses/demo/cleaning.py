"""Exercise B-N2 ทำความสะอาด / Cleaning: Thai digits, Buddhist-era dates, sums of baht."""

from courses.demo import exercises
from courses.demo.notebooks import Exercise

SLUG = "b-n2-cleaning"


def exercise() -> Exercise:
    """The whole exercise: about 100 minutes, 12 points."""
    return exercises.exercise(SLUG)


# The best known wrong answer: 2566 is a year that pandas accepts.
FORGOT_THE_ERA = next(wrong.answers for wrong in exercise().wrong if wrong.name == "forgets_the_era")
