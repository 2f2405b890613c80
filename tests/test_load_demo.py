"""``manage.py load_demo``: the whole demonstration from an empty database, and nothing changed the second time."""

import gzip
import re
from html import unescape
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from wagtail.models import Page, Site

from courses import discussing
from courses.demo import event, exercises, outline
from courses.models import Cohort, Enrollment, HomePage, LessonCompletion, LessonPage, Post, PostReport
from grading.models import DataFile, Exercise, ExerciseVersion, Quiz, QuizAttempt, QuizItemVersion, Submission
from grading.quizzes import drawing, marking
from lms import demo, demo_achievements, demo_class
from lms.accounts.models import User
from lms.credentials.models import Achievement
from tests.searches import OTHERS, QUERIES

pytestmark = pytest.mark.django_db


def load(*options: str) -> str:
    output = StringIO()
    call_command("load_demo", *options, stdout=output)
    return output.getvalue()


def counts() -> list[int]:
    kinds = (Page, Exercise, ExerciseVersion, DataFile, User, Enrollment, LessonCompletion, Submission, Achievement)
    return [kind.objects.count() for kind in kinds]


@pytest.fixture(scope="module")
def demonstration(django_db_setup, django_db_blocker):
    """Loaded once for this file; what each test does to it is rolled back by that test."""
    with django_db_blocker.unblock(), transaction.atomic():
        load()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def loaded(demonstration, db):
    return demonstration


def codes_found(client, query, language="") -> list[str]:
    return [
        course.code for course in client.get(f"{language}/courses/", {"q": query}).context["found"].page.object_list
    ]


def test_every_query_finds_the_course_that_was_looked_for_mostly_as_the_first(loaded, client) -> None:
    found = {query: (codes_found(client, query), wanted) for query, wanted in QUERIES}
    assert [query for query, (codes, wanted) in found.items() if wanted not in codes] == []
    first = [query for query, (codes, wanted) in found.items() if codes[0] == wanted]
    assert len(first) >= 24, set(found) - set(first)


def test_english_and_mixed_queries_find_too_in_both_catalogues(loaded, client) -> None:
    for query, wanted in OTHERS:
        for language in ("", "/en"):
            assert wanted in codes_found(client, query, language), (query, language)


def words_of(answer) -> str:
    """The page's text as a reader sees it: key terms stand in spans of their own."""
    return re.sub(r"<[^>]*>", "", answer.content.decode())


def test_every_page_is_published_in_both_languages_under_one_translation_key(loaded) -> None:
    for language in outline.LANGUAGES:
        pages = Page.objects.live().filter(locale__language_code=language, depth__gt=1)
        outlined = [1 + len(course.modules) + len(course.lessons) for course in outline.COURSES]
        assert pages.count() == 2 + sum(outlined)
    keys = [
        set(Page.objects.filter(locale__language_code=language, depth__gt=1).values_list("translation_key", flat=True))
        for language in outline.LANGUAGES
    ]
    assert keys[0] == keys[1]


# Wagtail leaves the temporary file of a new rendition to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_visitor_reads_every_lesson_and_the_switch_leads_to_the_same_lesson(loaded, client) -> None:
    for lesson in LessonPage.objects.live().select_related("locale"):
        other = lesson.get_translations().get().specific
        answer = client.get(lesson.url)
        assert answer.status_code == 200
        html = answer.content.decode()
        assert lesson.title in unescape(html)
        pictures = [block.value["image"].file_size or 0 for block in lesson.body if block.block_type == "image"]
        assert len(gzip.compress(answer.content)) + sum(pictures) < 200_000
        assert f'href="{other.url}"' in html
        assert lesson.url.startswith("/en/") == (lesson.locale.language_code == "en")


def test_the_site_begins_at_our_front_page_and_the_welcome_page_is_gone(loaded, client) -> None:
    site = Site.objects.get(is_default_site=True)
    assert isinstance(site.root_page.specific, HomePage)
    assert not Page.objects.filter(title__startswith="Welcome").exists()
    assert outline.COURSE_TITLE.th in words_of(client.get("/"))
    assert outline.COURSE_TITLE.en in words_of(client.get("/en/"))


def test_the_second_time_nothing_changes(loaded) -> None:
    before = counts()
    lesson = LessonPage.objects.get(slug="b1", locale__language_code="th")
    lesson.title = "ชื่อที่ผู้สอนแก้"
    lesson.save_revision().publish()
    LessonPage.objects.get(slug="b7", locale__language_code="th").delete()
    Exercise.objects.filter(slug="b-n2-cleaning").update(title_th="ชื่อใหม่", is_open=False)
    person = User.objects.get(email="learner@demo.example")
    person.given_name = "เปลี่ยนชื่อ"
    person.set_password("another-password-77")
    person.save()

    assert "left as it is" in load()

    after = counts()
    assert after[1:] == before[1:]
    assert after[0] == before[0] - 1
    lesson.refresh_from_db()
    assert lesson.title == "ชื่อที่ผู้สอนแก้"
    assert Exercise.objects.get(slug="b-n2-cleaning").title_th == "ชื่อใหม่"
    person.refresh_from_db()
    assert person.given_name == "เปลี่ยนชื่อ"
    assert person.check_password("another-password-77")


def test_each_exercise_has_its_notebook_and_files_and_hides_what_is_hidden(loaded) -> None:
    for built in exercises.exercises():
        version = Exercise.objects.get(slug=built.slug).versions.get()
        assert bytes(version.source) == built.source
        assert version.max_score == 12
        assert {file.name for file in version.files.filter(is_hidden=False)} == set(built.files)
        assert {file.name for file in version.files.filter(is_hidden=True)} == set(built.hidden_files)


def test_every_exercise_and_quiz_is_placed_once_in_each_language(loaded) -> None:
    for language in outline.LANGUAGES:
        blocks = [block for page in LessonPage.objects.filter(locale__language_code=language) for block in page.body]
        placed = [block.value["exercise"].slug for block in blocks if block.block_type == "exercise"]
        every = [*(built.slug for built in exercises.exercises()), exercises.PROJECT]
        assert sorted([*placed, event.TASK]) == sorted(every)
        quizzes = [block.value["quiz"].slug for block in blocks if block.block_type == "quiz"]
        governance = [*(f"dg-101-a{number}" for number in range(1, 7)), "dg-101-final"]
        assert sorted(quizzes) == [f"da-201-m{number}" for number in range(1, 4)] + governance


def test_the_last_lesson_of_each_module_of_da_201_leads_to_its_quiz(loaded, client) -> None:
    client.force_login(User.objects.get(email="learner@demo.example"))
    titles = {"th": "แบบทดสอบ DA-201 หน่วยที่", "en": "Quiz DA-201, module"}
    for number, name in enumerate(("b2", "b4", "b7"), start=1):
        for language, title in titles.items():
            page = client.get(LessonPage.objects.get(slug=name, locale__language_code=language).url).text
            assert f"/quizzes/da-201-m{number}/" in page
            assert f"{title} {number}" in re.sub(r"<[^>]*>", "", page)
        quiz = Quiz.objects.get(slug=f"da-201-m{number}")
        assert quiz.draws.get().count == 8
        assert (quiz.pass_percent, quiz.max_attempts) == (70, 3)
        assert client.get(f"/quizzes/{quiz.slug}/").status_code == 200


def test_people_of_every_role_can_log_in(loaded, client) -> None:
    assert User.objects.count() == len(demo.STAFF) + len(demo.LEARNERS) == 8 + 24
    assert all(email.endswith(".example") for email in User.objects.values_list("email", flat=True))
    for login in ("learner", "instructor", "hr", "reviewer", "operator"):
        words = {"login": f"{login}@{demo.DOMAIN}", "password": demo.DEMO_PASSWORD}
        assert client.post("/accounts/login/", words).status_code == 302
        client.logout()


def test_grades_are_left_to_the_worker(loaded) -> None:
    assert set(Submission.objects.values_list("status", flat=True)) == {Submission.Status.QUEUED}
    finished = Submission.objects.filter(learner__email="learner3@demo.example")
    assert {one.exercise.slug for one in finished} == set(demo_achievements.ANALYST) - {"b-n5-joining"}
    taken = QuizAttempt.objects.filter(learner__email="learner3@demo.example")
    assert {one.quiz.slug for one in taken if one.score == one.max_score} == set(demo_achievements.ANALYST_QUIZZES)
    assert Submission.objects.filter(learner__email="learner4@demo.example").count() == 1


def test_a_class_of_the_demo_shows_every_state_of_dates_and_of_talk(loaded, client) -> None:
    cohort = Cohort.objects.get(code=demo_class.CODE)
    assert cohort.members.count() == sum(slug == "da-201" for slug, _done in demo.PROGRESS.values())
    today = timezone.localdate()
    days = [(date.due_on - today).days for date in cohort.due_dates.order_by("due_on")]
    assert len(days) == 4
    assert days[0] < 0 < days[1] < 14 < days[2]
    topics = Post.objects.topics()
    assert topics.filter(answer__isnull=False).count() == 2
    assert topics.shown().filter(answer=None).count() == 2
    assert topics.exclude(hidden_at=None).get().hidden_reason
    assert PostReport.objects.filter(settled_at=None).count() == 1
    # Whoever writes there has handed in to that exercise, or moderates.
    for post in Post.objects.select_related("author", "exercise"):
        assert discussing.reader_of(post.author, post.exercise).may_enter, (post.author, post.exercise)
    made = Post.objects.count()
    assert not demo_class.load()
    assert Post.objects.count() == made
    client.force_login(User.objects.get(email="learner4@demo.example"))
    page = client.get("/exercises/b-n2-cleaning/discussion/").text
    assert "วันที่ที่ไม่มีอยู่จริง" in page
    assert "รับทำแบบฝึกหัด" not in page
    client.force_login(User.objects.get(email="instructor@demo.example"))
    assert "บอกคำตอบทั้งข้อ" in client.get("/cms/discussions/").text
    assert demo_class.CODE in client.get(f"/cms/cohorts/{cohort.pk}/").text


def rule(slug):
    achievement = Achievement.objects.issuable().get(slug=slug)
    asked = {one.exercise.slug: float(one.minimum_fraction) for one in achievement.requirements.all()}
    return asked | {one.quiz.slug: float(one.minimum_fraction) for one in achievement.quiz_requirements.all()}


def test_the_rules_of_the_achievements_ask_for_exercises_and_quizzes(loaded) -> None:
    exercises_asked = dict.fromkeys(demo_achievements.ANALYST, 0.8)
    assert rule("da-201") == exercises_asked | {f"da-201-m{number}": 0.7 for number in (1, 2, 3)}
    assert Achievement.objects.get(slug="da-201").exercises_to_pass() == 5 < len(exercises_asked)
    quizzes = {f"dg-101-a{number}": 0.7 for number in range(1, 7)} | {"dg-101-final": 0.7}
    assert rule("dg-101") == quizzes | {"a-n1-dataset-descriptions": 0.8, "a-n2-less-personal-data": 0.8}
    assert rule("di-301") == {"c-n1-readable-chart": 0.8, "c-n2-tidy-table": 0.8, "c-n3-honest-chart": 0.8}
    achievement = Achievement.objects.get(slug="da-201")
    assert achievement.hours_text == "15"
    assert achievement.issuer.name_th == "สถาบันข้อมูลสาธิต"
    assert achievement.competencies.filter(framework="TPQI", version="2567", code="DG-KMLT-037").exists()


def test_the_stacked_credential_adds_up_to_the_hours_of_its_parts(loaded) -> None:
    stack = Achievement.objects.issuable().get(slug=demo_achievements.STACK)
    parts = [one.part for one in stack.credential_requirements.select_related("part")]
    assert len(parts) == 4
    assert stack.hours == sum(part.hours for part in parts) == 30


def test_every_item_of_the_demo_has_an_answer_worth_full_marks(loaded) -> None:
    for version in QuizItemVersion.objects.select_related("item"):
        for seed in ("a", "b", "c"):
            drawn = drawing.draw(version.declared, seed)
            assert marking.mark(drawn, marking.answer_key(drawn)).is_right, version.item


def test_the_demo_lays_down_roles_paths_and_prerequisites(loaded, client) -> None:
    assert "/paths/policy-analyst/" in client.get("/paths/").text
    page = client.get("/courses/da-201/").text
    assert "/quizzes/dg-101-final/" in page
    assert "DG-KMLT-037" in page
