"""``manage.py regrade EXERCISE [--apply]``: what a regrade by the newest version would change; ``--apply`` does it.

The work is done by the grading worker, at low priority, while this command waits and tells how far it is; where this
process itself holds the key of verdicts (VERDICT_KEY_FILE), it works here. Interrupted, run it again: it goes on.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from grading import regrading, tasks
from grading.models import Exercise, Regrade, RegradeItem
from lms.credentials import stakes

WAIT_SECONDS = 1.0
TURN_SECONDS = 10.0


class Command(BaseCommand):
    help = "Shows every score, pass and credential that a regrade by the newest version would change; --apply does it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("exercise", help="code of the exercise")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--apply", action="store_true", help="let the result count")
        what.add_argument("--undo", action="store_true", help="take back the last one that was applied")
        what.add_argument("--cancel", action="store_true", help="give up the preview that is there")
        parser.add_argument("--everything", action="store_true", help="also what the newest version has graded already")
        parser.add_argument("--drop-overrides", action="store_true", help="set aside what people had overridden")
        parser.add_argument("--reason", default="", help="learners whose score changes can read it")

    def handle(self, *args: Any, **options: Any) -> None:
        exercise = Exercise.objects.filter(slug=options["exercise"]).first()
        if exercise is None:
            raise CommandError(f"There is no exercise {options['exercise']}.")
        try:
            self.act(exercise, options)
        except regrading.RegradeRefused as refused:
            raise CommandError(REFUSED[refused.code]) from refused

    def act(self, exercise: Exercise, options: dict[str, Any]) -> None:
        if options["undo"]:
            self.undo(exercise)
            return
        regrade = exercise.regrades.filter(status__in=Regrade.OPEN).first()
        if options["cancel"]:
            if regrade is None:
                raise regrading.RegradeRefused("not_now")
            regrading.cancel(regrade)
            self.stdout.write(f"regrade {regrade.pk} given up")
            return
        if regrade is None:
            regrade = regrading.start(
                exercise,
                reason=options["reason"],
                everything=options["everything"],
                drops_overrides=options["drop_overrides"],
            )
        self.finish(regrade)
        self.show(regrade)
        if options["apply"] and regrade.status == Regrade.Status.PREVIEWED:
            regrading.apply(regrade)
            self.finish(regrade)
        self.stdout.write(f"regrade {regrade.pk}: {regrade.status} {numbers_said(regrade)}")
        if regrade.status == Regrade.Status.PREVIEWED:
            self.stdout.write(f"Nothing counts yet: manage.py regrade {exercise.slug} --apply (or --cancel)")

    def undo(self, exercise: Exercise) -> None:
        regrade = exercise.regrades.filter(status__in=[Regrade.Status.APPLIED, Regrade.Status.UNDOING]).first()
        if regrade is None:
            raise regrading.RegradeRefused("not_now")
        if regrade.status == Regrade.Status.APPLIED:
            regrading.undo(regrade)
        self.finish(regrade)
        self.stdout.write(f"regrade {regrade.pk}: {regrade.status} {numbers_said(regrade)}")

    def finish(self, regrade: Regrade) -> None:
        """Waits until the background is done with it, working here where that is possible."""
        turn: Callable[[Regrade], None] = work_here if settings.VERDICT_KEY_FILE else ask_the_worker
        said = ""
        while regrade.is_working:
            turn(regrade)
            regrade.refresh_from_db()
            if said != (said := f"{regrade.status} {numbers_said(regrade)}"):
                self.stderr.write(said)

    def show(self, regrade: Regrade) -> None:
        changed = RegradeItem.objects.filter(regrade=regrade).changed().select_related("submission__learner", "before")
        for item in changed.defer("outcome", "submission__notebook", "before__feedback_html").iterator(chunk_size=200):
            before = f"{item.before.score:g}/{item.before.max_score:g}"
            after = f"{item.score_after:g}/{item.max_after:g}"
            submission = item.submission
            self.stdout.write(f"score\t{submission.pk}\t{submission.learner}\t{submission.attempt}\t{before}\t{after}")
        for item in regrade.items.filter(status__in=["refused", "failed"]).select_related("submission"):
            self.stdout.write(f"{item.status}\t{item.submission_id}\t{item.message.get('en', '') or item.detail}")
        passes = stakes.described(regrade.passes)
        for kind in ("gained", "lost"):
            for entry in passes[kind]:
                credential = entry["credential"].number if entry["credential"] else "no credential"
                rest = f"\t{credential}" if kind == "lost" else ""
                self.stdout.write(f"pass {kind}\t{entry['learner']}\t{entry['achievement'].slug}{rest}")


REFUSED = {
    "nothing": "There is nothing to grade again: the newest version graded all of it (--everything does it anyway).",
    "open": "Another regrade of this exercise is not finished: --apply or --cancel it first.",
    "no_version": "The exercise has no notebook yet.",
    "not_now": "There is no regrade of this exercise for which that could be done now.",
}


def numbers_said(regrade: Regrade) -> str:
    return ", ".join(f"{name} {number}" for name, number in regrading.counts(regrade).items() if number)


def work_here(regrade: Regrade) -> None:
    claimed = Regrade.objects.claim(regrade.pk)
    is_done = claimed is not None and tasks.work_on(claimed, seconds=TURN_SECONDS)
    if not is_done:
        time.sleep(WAIT_SECONDS)  # somebody else is at it, or live submissions go first


def ask_the_worker(regrade: Regrade) -> None:
    if Regrade.objects.unattended().filter(pk=regrade.pk).exists():
        tasks.announce_work()
    time.sleep(WAIT_SECONDS)
