"""What can end a check besides its own word. None is an ``Exception``: no ``except Exception`` of a check hides it."""

# Why something could not be examined; each has a sentence in grading/messages.py.
REASONS = ("kind", "object", "compared", "identity", "too_big", "sent", "picture", "garbled")


class CannotExamineError(BaseException):
    """Something on either side is not plain data. Counted as well: not even a bare ``except`` can hide it."""

    count = 0
    last = "kind"

    def __init__(self, reason: str = "kind") -> None:
        CannotExamineError.count += 1
        CannotExamineError.last = reason
        super().__init__(reason)


class LearnerGoneError(BaseException):
    """The learner's side is late, dead or babbling; it is not asked again."""


class OutOfTimeError(BaseException):
    """The time for the whole run is over. Noted as well: a check may take it for the error that it expects."""

    is_over = False
