"""``manage.py export_course DA-201 course.zip``: a course as one file, for another site."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.models import CoursePage
from courses.packages import exporting


class Command(BaseCommand):
    help = "Writes a course with all that it needs into a package (docs/packages.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the course's code, such as DA-201")
        parser.add_argument("out", type=Path, help="the file to write")
        parser.add_argument(
            "--without-hidden", action="store_true", help="leave out solutions, hidden checks, hidden data and items"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        thai = CoursePage.objects.filter(locale__language_code="th")
        course = thai.filter(code__iexact=options["code"]).first()
        if course is None:
            known = ", ".join(thai.order_by("code").values_list("code", flat=True))
            raise CommandError(f"there is no course {options['code']!r}; there are: {known or 'none'}")
        rights = exporting.no_right if options["without_hidden"] else exporting.every_right
        package = exporting.build(course, rights)
        try:
            with options["out"].open("wb") as file:
                package.write(file)
        except OSError as error:
            raise CommandError(f"{options['out']}: {error.strerror}") from error
        counts = ", ".join(
            f"{len(package.manifest[kind])} {kind}" for kind in ("exercises", "quizzes", "datasets", "files")
        )
        self.stdout.write(f"{options['out']}: {counts}")
        for what in package.manifest["left_out"]:
            self.stderr.write(f"left out: {what}")
