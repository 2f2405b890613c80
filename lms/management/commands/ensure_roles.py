"""``manage.py ensure_roles``: the groups of the back office, with their rights."""

from typing import Any

from django.core.management.base import BaseCommand

from lms.accounts.roles import ensure_roles


class Command(BaseCommand):
    help = "Makes the groups Instructors, Reviewers, HR officers and Operators with their rights; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(", ".join(ensure_roles()))
