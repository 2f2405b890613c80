"""Makes a similarity report: from the newest submission of each learner to the pairs worth a look."""

import logging
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from grading import similarity
from grading.models import Exercise, ExerciseVersion, SimilarityReport, SimilarPair, Submission
from grading.notebooks import NotebookRefused, Role, Source, assemble, read_notebook, read_source

log = logging.getLogger(__name__)

MOST_NOTEBOOKS = 2000  # the newest; more are not compared at once
STEP = 20  # notebooks between two notes of progress
MAX_TRIES = 3


def start(exercise: Exercise, *, author: Any = None) -> SimilarityReport:
    """A report to be made in the background; the one that is being made already when there is one."""
    report, _ = SimilarityReport.objects.get_or_create(
        exercise=exercise, status=SimilarityReport.Status.WORKING, defaults={"author": author}
    )
    return report


def make(report: SimilarityReport) -> None:
    """Makes a claimed report; one whose lease is lost is left to whoever has it now."""
    try:
        _make(report)
    except Exception:  # ours: tried again, then given up, and said on the page
        log.exception("similarity_failed", extra={"report": report.pk})
        failed = SimilarityReport.Status.FAILED if report.tries >= MAX_TRIES else SimilarityReport.Status.WORKING
        report.move(status=failed, lease=None, leased_until=None)


def _make(report: SimilarityReport) -> None:
    submissions = newest_of_each(report.exercise)
    if not report.move(total=len(submissions), done=0):
        return
    answers: dict[str, list[frozenset[int]]] = {}
    for number, submission in enumerate(submissions.iterator(chunk_size=STEP), start=1):
        starter = starter_of(submission.version_id)
        answers[str(submission.pk)] = [similarity.fingerprints(text) - starter for text in texts_of(submission)]
        if number % STEP == 0 and not report.move(done=number):
            return
    people = {str(pk): learner for pk, learner in submissions.values_list("pk", "learner")}
    pairs = similarity.compare({key: cells for key, cells in answers.items() if key in people}, people)
    with transaction.atomic():
        ready = {"status": SimilarityReport.Status.READY, "done": len(answers), "total": len(answers)}
        if report.move(**ready, lease=None, leased_until=None):
            SimilarPair.objects.bulk_create(
                SimilarPair(
                    report=report, first_id=one.first, second_id=one.second, share=one.share, passages=one.passages
                )
                for one in pairs
            )


def newest_of_each(exercise: Exercise) -> QuerySet[Submission]:
    """Of each learner the newest graded submission, at most MOST_NOTEBOOKS."""
    own = Submission.objects.filter(
        exercise=exercise, learner=OuterRef("learner"), status=Submission.Status.GRADED
    ).order_by("-attempt")
    newest = Submission.objects.filter(exercise=exercise, pk=Subquery(own.values("pk")[:1]))
    return newest.order_by("-submitted_at", "pk")[:MOST_NOTEBOOKS]


@lru_cache(maxsize=16)
def source_of(version_id: int) -> Source:
    """A version never changes."""
    return read_source(bytes(ExerciseVersion.objects.get(pk=version_id).source))


@lru_cache(maxsize=16)
def starter_of(version_id: int) -> frozenset[int]:
    """What everybody was given: the hashes of the release notebook."""
    cells = source_of(version_id).released.cells
    return frozenset().union(*(similarity.all_hashes(cell.source) for cell in cells if cell.cell_type == "code"))


def texts_of(submission: Submission) -> list[str]:
    """The learner's code, answer by answer in the order of the exercise; nothing of a file that cannot be read."""
    source = source_of(submission.version_id)
    try:
        assembled = assemble(source, read_notebook(bytes(submission.notebook)))
    except NotebookRefused:
        return []
    cells = zip(assembled.notebook.cells, source.roles, strict=True)
    return [cell.source for cell, role in cells if cell.cell_type == "code" and role in (Role.ANSWER, Role.MANUAL)]
