"""``manage.py verify_grades``: the grades whose signed record does not hold, one a line."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grading.models import Exercise, Grade
from grading.verdict_keys import VerdictKeyUnavailable
from grading.verdicts import problem


class Command(BaseCommand):
    help = "Compares every grade with its signed record; lists those that differ or have none. Status 1 if any does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("exercise", nargs="?", help="code of an exercise; without it all of them")
        parser.add_argument("--all-rounds", action="store_true", help="also rounds that count no more")

    def handle(self, *args: Any, **options: Any) -> None:
        grades = Grade.objects.all() if options["all_rounds"] else Grade.objects.current()
        if slug := options["exercise"]:
            if not Exercise.objects.filter(slug=slug).exists():
                raise CommandError(f"There is no exercise {slug}.")
            grades = grades.filter(submission__exercise__slug=slug)
        looked_at = wrong = 0
        for grade in grades.select_related("submission__exercise").order_by("pk").iterator(chunk_size=100):
            looked_at += 1
            try:
                found = problem(grade)
            except VerdictKeyUnavailable as error:
                raise CommandError(str(error)) from error
            if found:
                wrong += 1
                about = {
                    "submission": str(grade.submission_id),
                    "exercise": grade.submission.exercise.slug,
                    "round": grade.round,
                    "score": grade.score,
                    "problem": found,
                }
                self.stdout.write(json.dumps(about, ensure_ascii=False))
        self.stderr.write(f"{looked_at} grades looked at, {wrong} without a record that holds")
        if wrong:
            raise SystemExit(1)
