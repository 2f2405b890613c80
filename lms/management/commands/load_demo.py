"""``manage.py load_demo``: the demonstration course, its people, and what they have handed in."""

from io import StringIO
from typing import Any

from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from redis.exceptions import ConnectionError

from courses.demo import content, event, library, planning, projects
from lms import demo, demo_achievements, demo_class


class Command(BaseCommand):
    help = (
        "Creates what is missing of the demonstration: its courses in Thai and English, their exercises, and (where "
        "WITH_DEMO is on, or with --with-accounts) people. Safe to repeat: it changes nothing that exists."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-accounts",
            action="store_true",
            help="also make demo accounts, whose password is public, where WITH_DEMO is off",
        )

    def handle(self, *args: Any, with_accounts: bool, **options: Any) -> None:
        do_without_cache_if_it_is_down()
        loaded = content.load()
        planning.load(content.key)
        event.load()
        projects.load()
        achievements = demo_achievements.load()
        library.load()
        if settings.ISSUER_KEY_FILE:
            call_command("make_issuer_key", issuer=demo_achievements.ISSUER, stdout=StringIO())
        for slug, course in loaded.courses.items():
            state = "created" if slug in loaded.made else "already there, left as it is"
            self.stdout.write(f"  Course {course.code} in Thai and English: {state}.")
        for achievement in achievements:
            self.stdout.write(f"  Credential: {achievement.name_en}, {achievement.hours_text} hours.")
        if settings.WITH_DEMO or with_accounts:
            self.people(loaded)
        else:
            self.stdout.write("  No accounts: --with-accounts makes them (their password is public).")

    def people(self, loaded: content.Loaded) -> None:
        made = demo.load_people()
        handed_in = demo.load_progress()
        sent = demo.load_projects()
        demo_class.load()
        self.stdout.write(
            f"  People: {made} new.  Notebooks waiting for the worker: {handed_in}.  Projects sent: {sent}."
        )
        self.stdout.write(f"  A class takes DA-201 together; its code to join by is {demo_class.CODE}.")
        self.stdout.write(f"  Accounts, all with the password {demo.DEMO_PASSWORD}:")
        for login, does in ACCOUNTS.items():
            self.stdout.write(f"    {login + '@' + demo.DOMAIN:<26} {does}")


def do_without_cache_if_it_is_down() -> None:
    """On the embedded default the cache runs only while the site does. When it is down there is nothing in it that
    new pages could make wrong, so this process may use its own memory instead."""
    try:
        cache.get("load_demo")
    except ConnectionError:
        caches["default"] = LocMemCache("load_demo", {})


ACCOUNTS = {
    "learner": "learner, enrolled, nothing handed in yet",
    "learner2": "learner, first exercise handed in",
    "learner3": "learner, five of six exercises and all quizzes of course DA-201 done: earns its credential",
    "learner4": "learner, with a typical wrong answer and its hint",
    "learner13": "learner, course DG-101 done but for its quizzes",
    "learner15": "learner, passed an exercise at the third attempt",
    "learner16": "learner, passed the exercises of course DI-301: earns its credential",
    "learner19": "learner, project C-P1 done: to be sent to peers (or sent, from the second start on)",
    "instructor": "instructor: writes lessons and exercises at /cms/",
    "reviewer": "reviewer: approves what is published",
    "dataowner": "data owner: signs off data sets at /cms/datasets/owner/",
    "hr": "HR officer: verifies credentials at /verify/",
    "operator": "operator",
}
