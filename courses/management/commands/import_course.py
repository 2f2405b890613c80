"""``manage.py import_course course.zip``: shows what a package would make; with ``--apply`` makes it, as drafts."""

from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.packages import importing, planning, reading
from courses.packages.reading import BadPackage
from grading.models import Provider


class Command(BaseCommand):
    help = "Takes a course package over (docs/packages.md). Without --apply it only shows what would be made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("package", type=Path)
        parser.add_argument("--provider", help="the code of the provider that the course is to belong to")
        parser.add_argument("--by", help="the e-mail address of its author; needed with --apply")
        parser.add_argument("--code", default="", help="another code for the course")
        parser.add_argument("--apply", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        provider = self.one(Provider, "slug", options["provider"])
        author = self.one(get_user_model(), "email", options["by"])
        if options["apply"] and author is None:
            raise CommandError("name the author by --by")
        try:
            with options["package"].open("rb") as file:
                package = reading.read(file)
                self.show(planning.make(package, provider=provider, by=author, code=options["code"]))
                if options["apply"]:
                    made = importing.take_over(package, provider=provider, code=options["code"], by=author)
                    self.stdout.write(f"{made.code}: here as a draft.")
        except BadPackage as error:
            raise CommandError("\n".join(error.problems)) from error
        except OSError as error:
            raise CommandError(f"{options['package']}: {error.strerror}") from error

    def one(self, model: Any, name: str, value: str | None) -> Any:
        if value is None:
            return None
        found = model._default_manager.filter(**{name: value}).first()
        if found is None:
            raise CommandError(f"there is no {model._meta.model_name} {value!r}")
        return found

    def show(self, plan: planning.Plan) -> None:
        for line in plan.lines:
            self.stdout.write(f"  {line.kind} {line.declared['slug']}: {line.state} {line.slug}")
        for text in [*plan.notes, *plan.problems]:
            self.stdout.write(f"  ! {text}")
