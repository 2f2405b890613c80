"""Typical wrong answers to the demonstration exercises, as ``texts/exercises`` has them: what a learner writes, and
which checks must not pass (exactly those; the first one's hint is what should help this learner).
"""

from dataclasses import dataclass

from courses.demo import notebooks, written
from courses.demo.exercises import exercises
from courses.demo.notebooks import Exercise


@dataclass(frozen=True)
class WrongAnswer:
    exercise: str
    answer: written.WrongAnswer

    @property
    def name(self) -> str:
        return self.answer.name

    def notebook(self, exercise: Exercise) -> bytes:
        return notebooks.to_bytes(notebooks.handed_in(exercise.notebook, self.answer.answers))


WRONG_ANSWERS = [WrongAnswer(built.slug, wrong) for built in exercises() for wrong in built.wrong]
