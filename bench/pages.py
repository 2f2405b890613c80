"""`python -m bench.pages`: queries, time and weight of pages, on a small site and on a national one.

The same pages are asked for twice, by the same people: with one course, and with 1,000 courses, 10,000 learners and
what they have done. PostgreSQL and Redis are started for it and thrown away. Rows are written in bulk, of the shape
that the product writes; each request goes through every middleware, as a browser's would. Prints the table.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COURSES, LEARNERS = 1000, 10_000
ROUNDS = 5
FULL = 200  # KB, what a lesson may weigh with everything that is its own


@dataclass(frozen=True)
class Asked:
    """One page as it was answered: queries, milliseconds (median), kilobytes of HTML as sent."""

    queries: int
    ms: float
    kb: float


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--courses", type=int, default=COURSES)
    parser.add_argument("--learners", type=int, default=LEARNERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(arguments)
    from tests.servers import postgres, redis  # noqa: PLC0415 - the same servers as the tests'

    with contextlib.ExitStack() as stack:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "lms.settings",
            "VAR_DIR": stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-pages-")),
            "DATABASE_URL": stack.enter_context(postgres()),
            "REDIS_URL": stack.enter_context(redis()),
            "SECRET_KEY": "a key for a bench, thrown away afterwards, long enough",
            "PUBLIC_URL": "http://testserver",
            "WITH_DEMO": "1",
            "LOG_LEVEL": "ERROR",
        }
        keys = {"ISSUER_KEY_FILE": "issuer.json", "VERDICT_KEY_FILE": "verdicts.json", "SEAL_KEY_FILE": "seal.pem"}
        os.environ |= {name: f"{os.environ['VAR_DIR']}/{file}" for name, file in keys.items()}
        import django  # noqa: PLC0415 - settings are read once, after what is above

        django.setup()
        return run(chosen.courses, chosen.learners, chosen.rounds)


def run(courses: int, learners: int, rounds: int) -> int:
    from django.core.management import call_command  # noqa: PLC0415

    from bench import nation  # noqa: PLC0415

    with contextlib.redirect_stdout(sys.stderr):
        call_command("prepare")
    only_one_course()
    nation.first_of_each()
    before = measure(rounds)
    began = time.monotonic()
    nation.courses(courses - 1)
    nation.learners(learners)
    analyze()
    print(f"{courses} courses, {learners} learners: made in {time.monotonic() - began:.0f} s", file=sys.stderr)
    after = measure(rounds)
    report(before, after, courses, learners)
    weight = lesson_weight()
    print(f"\nThe heaviest lesson with all of its own: {weight:.0f} KB compressed (at most {FULL}).")
    return 0 if weight <= FULL else 1


def only_one_course() -> None:
    from bench import nation  # noqa: PLC0415
    from courses.models import CoursePage  # noqa: PLC0415

    for page in CoursePage.objects.exclude(slug=nation.COURSE):
        page.delete()


def analyze() -> None:
    """What the database does by itself within minutes: it learns how many rows there are."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


# --- What is asked for ------------------------------------------------------------------------------------------------


def addresses() -> dict[str, tuple[str, str]]:
    """(who, address) by what it is called in the table."""
    from bench import nation  # noqa: PLC0415
    from courses.models import Cohort, CoursePage, LessonPage  # noqa: PLC0415
    from grading.models import Exercise, Quiz, Submission  # noqa: PLC0415
    from lms.credentials.models import Credential  # noqa: PLC0415

    quiz = Quiz.objects.filter(slug__startswith=nation.COURSE).order_by("pk").first()
    learner, staff, operator = nation.LEARNER.split("@")[0], "instructor", "operator"
    course = CoursePage.objects.get(slug=nation.COURSE, locale__language_code="th").pk
    lesson = LessonPage.objects.filter(path__startswith=CoursePage.objects.get(pk=course).path).first()
    exercise = Exercise.objects.filter(submissions__learner__email=nation.LEARNER).first()
    submission = Submission.objects.filter(learner__email=nation.LEARNER).first()
    number = Credential.objects.filter(learner__email=nation.LEARNER).get().number
    cohort = Cohort.objects.filter(course_key__in=CoursePage.objects.values("translation_key")).order_by("-pk").first()
    found = {
        "front page": ("", "/"),
        "catalogue": ("", "/courses/"),
        "catalogue, narrowed": ("", "/courses/?level=foundation&hours=day"),
        "catalogue, searched": ("", "/courses/?q=ธรรมาภิบาลข้อมูล"),
        "course": (learner, f"/courses/{nation.COURSE}/"),
        "lesson": (learner, lesson.url),
        "quiz": (learner, f"/quizzes/{quiz.slug}/"),
        "exercise": (learner, f"/exercises/{exercise.slug}/"),
        "submission": (learner, f"/submissions/{submission.pk}/"),
        "discussion": (learner, f"/exercises/{exercise.slug}/discussion/"),
        "desk": (learner, "/my/"),
        "record": (learner, "/my/record/"),
        "competencies": (learner, "/my/competencies/"),
        "verification": ("", f"/verify/{number}/"),
        "courses (author)": (staff, "/cms/courses/"),
        "course's desk (author)": (staff, f"/cms/courses/{course}/"),
        "page tree (author)": (staff, f"/cms/pages/{CoursePage.objects.get(pk=course).get_parent().pk}/"),
        "exercises (author)": (staff, "/cms/snippets/grading/exercise/"),
        "statistics of an exercise": (staff, f"/cms/exercises/{exercise.pk}/statistics/"),
        "extensions": (staff, f"/cms/exercise-extensions/{exercise.pk}/"),
        "audit": (staff, f"/cms/exercise-audit/{exercise.pk}/"),
        "to grade by hand": (staff, "/cms/grading/"),
        "appeals": (staff, "/cms/appeals/"),
        "discussions": (staff, "/cms/discussions/"),
        "cohorts": (staff, "/cms/cohorts/"),
        "awards": (operator, "/cms/credentials/awards/"),
        "credentials issued": (operator, "/cms/snippets/credentials/credential/"),
    }
    if cohort:
        found["cohort"] = (staff, f"/cms/cohorts/{cohort.pk}/")
    return found


def measure(rounds: int) -> dict[str, Asked]:
    from django.test import Client  # noqa: PLC0415

    from lms.accounts.models import User  # noqa: PLC0415

    clients: dict[str, Any] = {}
    figures = {}
    for name, (who, address) in addresses().items():
        if who not in clients:
            clients[who] = Client()
            if who:
                clients[who].force_login(User.objects.get(email=f"{who}@demo.example"))
        figures[name] = ask(clients[who], name, address, rounds)
    return figures


def ask(client: Any, name: str, address: str, rounds: int) -> Asked:
    """Asked once for warmth, then ``rounds`` times."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{name}: {address} answers {answer.status_code}")
    times = []
    for _round in range(rounds):
        began = time.perf_counter()
        answer = client.get(address)
        times.append(1000 * (time.perf_counter() - began))
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    if os.environ.get("SHOW") == name:
        print(*sorted(((query["time"], query["sql"][:600]) for query in queries), reverse=True), sep="\n")
    return Asked(len(queries), statistics.median(times), len(gzip.compress(answer.content)) / 1024)


def report(before: dict[str, Asked], after: dict[str, Asked], courses: int, learners: int) -> None:
    large = f"{courses:,} courses, {learners:,} learners"
    print(f"| page | queries, 1 course | {large} | ms | {large} | KB | {large} |")
    print("|---|---|---|---|---|---|---|")
    for name, one in after.items():
        old = before.get(name)
        was = (f"{old.queries}", f"{old.ms:.0f}", f"{old.kb:.1f}") if old else ("", "", "")
        print(f"| {name} | {was[0]} | {one.queries} | {was[1]} | {one.ms:.0f} | {was[2]} | {one.kb:.1f} |")


# --- The weight of a lesson -------------------------------------------------------------------------------------------


def lesson_weight() -> float:
    """KB of the heaviest lesson as a browser fetches it: page, styles, scripts, pictures, all the fonts they name."""
    from django.test import Client  # noqa: PLC0415

    from bench import nation  # noqa: PLC0415
    from courses.models import LessonPage  # noqa: PLC0415

    pages = LessonPage.objects.live().filter(url_path__contains=f"/{nation.COURSE}/")
    return max(weight_of(Client().get(page.url).content.decode()) for page in pages) / 1024


def weight_of(page: str) -> int:
    """Bytes of a page and of what it asks this site for; text compressed, the rest as it is."""
    total, left, seen = len(gzip.compress(page.encode())), list(asked_for(page)), set()
    while left:
        address = left.pop()
        if address not in seen:
            seen.add(address)
            content = fetched(address)
            is_text = address.endswith((".css", ".js", ".svg"))
            total += len(gzip.compress(content)) if is_text else len(content)
            left += asked_for(content.decode(), address) if address.endswith(".css") else []
    return total


def asked_for(text: str, base: str = "") -> list[str]:
    """Addresses of stylesheets, scripts and pictures in a page, of fonts and pictures in a stylesheet."""
    from urllib.parse import urljoin  # noqa: PLC0415

    if base:
        found = re.findall(r"url\(['\"]?([^'\")]+)['\"]?\)", text)
    else:
        tags = re.findall(r"<(?:link|script|img)\b[^>]*>", text)
        found = [m[1] for tag in tags if "alternate" not in tag and (m := re.search(r'(?:src|href)="([^"]+)"', tag))]
    return [urljoin(base, one) for one in found if not one.startswith("data:")]


def fetched(address: str) -> bytes:
    from django.conf import settings  # noqa: PLC0415

    for start, folder in ((settings.STATIC_URL, settings.STATIC_ROOT), (settings.MEDIA_URL, settings.MEDIA_ROOT)):
        if address.startswith(start):
            return (Path(folder) / address.removeprefix(start)).read_bytes()
    raise SystemExit(f"a lesson asks for {address}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
