import uuid
from pathlib import Path as File

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from courses import competence, frameworks
from courses.models import (
    ChosenPath,
    Competency,
    CourseCompetency,
    Enrollment,
    Framework,
    LessonCompletion,
    Path,
    PathStep,
    Prerequisite,
    Role,
    RoleTarget,
    SelfAssessment,
)
from tests.conftest import make_person
from tests.courses.quizzes import make_bank, make_quiz
from tests.courses.trees import grow, make_exercise, make_grade

pytestmark = pytest.mark.django_db


@pytest.fixture
def vocabulary(db):
    for path in frameworks.shipped():
        frameworks.load(path)
    return {one.code: one for one in Competency.objects.filter(framework__slug="ocsc-2566")}


@pytest.fixture
def plan(tree, vocabulary, exercise):
    """Two courses: the second builds on the first, and raises what the role lacks most."""
    sharing, governance = vocabulary["data-utilization-and-sharing"], vocabulary["digital-governance"]
    first = grow(tree, code="DG-101", title="ธรรมาภิบาล", exercises=[make_exercise("a-n1")], english=False)
    second = tree.course
    CourseCompetency.objects.create(course_key=second.translation_key, competency=sharing, level=1, exercise=exercise)
    CourseCompetency.objects.create(course_key=second.translation_key, competency=sharing, level=2)
    CourseCompetency.objects.create(course_key=first.translation_key, competency=governance, level=2)
    role = Role.objects.create(slug="academic", name_th="วิชาการ", name_en="Academic")
    RoleTarget.objects.create(role=role, competency=sharing, level=2, sort_order=0)
    RoleTarget.objects.create(role=role, competency=governance, level=2, sort_order=1)
    path = Path.objects.create(slug="p", role=role, name_th="เส้นทาง", name_en="Path")
    PathStep.objects.create(path=path, course_key=first.translation_key, sort_order=0)
    PathStep.objects.create(path=path, course_key=second.translation_key, sort_order=1)
    return path


def complete(learner, course):
    for lesson in course.get_descendants().specific():
        if hasattr(lesson, "minutes"):
            LessonCompletion.objects.mark(learner=learner, lesson_key=lesson.translation_key, is_done=True)


def pass_quiz(learner, quiz):
    done = {"score": 1, "max_score": 1, "finished_at": timezone.now()}
    quiz.attempts.create(learner=learner, number=1, seed="0", paper=[], **done)


def titles(learner, path):
    return [stop.outline.course.code for stop in competence.stops(learner, path)]


# --- Frameworks as data ----------------------------------------------------------------------------------------------


def test_the_shipped_frameworks_load_and_loading_again_changes_nothing():
    call_command("load_frameworks")
    before = list(Competency.objects.values_list("pk", "code", "name_th"))
    call_command("load_frameworks")
    assert list(Competency.objects.values_list("pk", "code", "name_th")) == before
    assert set(Framework.objects.values_list("slug", flat=True)) == {"ocsc-2561", "ocsc-2566", "tpqi-2567"}
    assert Competency.objects.filter(framework__slug="ocsc-2566").count() == 7
    assert Competency.objects.get(code="DG-NORS-036").framework.levels == 8


def test_a_version_that_is_loaded_is_not_rewritten(vocabulary, tmp_path):
    changed = tmp_path / "x.toml"
    text = (File(frameworks.__file__).parent / "ocsc-2566.toml").read_text(encoding="utf-8")
    changed.write_text(text.replace('name_en = "Cyber Security"', 'name_en = "Something else"'), encoding="utf-8")
    with pytest.raises(CommandError, match="Different"):
        call_command("load_frameworks", changed)
    assert Competency.objects.get(code="cyber-security").name_en == "Cyber Security"


@pytest.mark.parametrize("text", ["", "slug = 1", "{", "competency = 3\nslug='x'", 'name_th = "ก"'])
def test_a_file_that_is_no_framework_is_refused_whole(tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("load_frameworks", path)
    assert not Framework.objects.exists()


def test_a_framework_taken_out_of_use_changes_no_issued_credential(vocabulary):
    """What a credential names of a framework is its own copy: there is no way from here to there."""
    from lms.credentials.models import Competency as Issued

    assert not [field for field in Issued._meta.get_fields() if field.related_model in (Framework, Competency)]


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_a_level_follows_what_is_passed_and_falls_with_it(plan, learner, tree, exercise, vocabulary):
    sharing = vocabulary["data-utilization-and-sharing"]

    def shown():
        return competence.standings(learner, [sharing])[sharing.pk]

    assert shown().shown == 0
    submission = make_grade(learner, exercise, score=8)
    assert (shown().shown, [one.title for one in shown().evidence]) == (1, [exercise.title])
    complete(learner, tree.course)
    assert shown().shown == 2
    submission.grades.update(score=1)
    assert shown().shown == 0


def test_a_quiz_shows_a_competency_too(plan, learner, tree, vocabulary):
    quiz = make_quiz(make_bank())
    literacy = vocabulary["digital-literacy"]
    CourseCompetency.objects.create(course_key=tree.course.translation_key, competency=literacy, level=1, quiz=quiz)
    quiz.attempts.create(
        learner=learner, number=1, seed="0", paper=[], score=1, max_score=1, finished_at="2026-01-01T00:00Z"
    )
    assert competence.standings(learner, [literacy])[literacy.pk].shown == 1


def test_what_somebody_else_passed_is_not_mine(plan, learner, other_learner, exercise, vocabulary):
    make_grade(other_learner, exercise, score=10)
    sharing = vocabulary["data-utilization-and-sharing"]
    assert competence.standings(learner, [sharing])[sharing.pk].shown == 0


def test_a_rule_names_one_thing_and_a_level_that_exists(plan, vocabulary, tree, exercise):
    row = CourseCompetency(course_key=tree.course.translation_key, competency=vocabulary["cyber-security"], level=4)
    with pytest.raises(ValidationError):
        row.full_clean()
    row = CourseCompetency(course_key=uuid.uuid4(), competency=vocabulary["cyber-security"], level=1)
    row.exercise, row.quiz = exercise, make_quiz(make_bank())
    with pytest.raises(ValidationError):
        row.full_clean()


# --- Roles and paths -------------------------------------------------------------------------------------------------


def test_the_first_step_is_the_lowest_competency_below_its_target(plan, learner, tree, vocabulary):
    assert titles(learner, plan) == ["DA-201", "DG-101"]
    SelfAssessment.objects.create(learner=learner, competency=vocabulary["data-utilization-and-sharing"], level=1)
    assert titles(learner, plan) == ["DG-101", "DA-201"]
    assert competence.next_stop(competence.stops(learner, plan)).outline.course.code == "DG-101"


def test_what_a_course_needs_comes_before_it(plan, learner, tree):
    second, first = tree.courses
    Prerequisite.objects.create(course_key=second.translation_key, requires_key=first.translation_key)
    assert titles(learner, plan) == ["DG-101", "DA-201"]
    complete(learner, first)
    make_grade(learner, make_or_get("a-n1"), score=10)
    after = competence.next_stop(competence.stops(learner, plan))
    assert (after.outline.course.code, after.is_ready) == ("DA-201", True)


def make_or_get(slug):
    from grading.models import Exercise

    return Exercise.objects.get(slug=slug)


def test_needs_in_a_circle_end():
    a, b, c = (uuid.uuid4() for _ in range(3))
    assert competence.order([a, b, c], {a: [b], b: [a]}) == [c, a, b]
    assert competence.order([a, b, c], {a: [c]}) == [b, c, a]
    assert competence.order([a], {a: [a, b]}) == [a]


def test_a_circle_of_prerequisites_is_refused(plan, tree):
    second, first = tree.courses
    Prerequisite.objects.create(course_key=second.translation_key, requires_key=first.translation_key)
    circle = Prerequisite(course_key=first.translation_key, requires_key=second.translation_key)
    with pytest.raises(ValidationError):
        circle.full_clean()
    with pytest.raises(ValidationError):
        Prerequisite(course_key=first.translation_key, requires_key=first.translation_key).full_clean()


def test_advice_lets_one_enroll_and_a_rule_does_not(client, plan, learner, tree):
    second, first = tree.courses
    rule = Prerequisite.objects.create(
        course_key=second.translation_key, requires_key=first.translation_key, is_required=True
    )
    client.force_login(learner)
    address = reverse("courses:enroll", args=[second.translation_key])
    assert client.post(address).url.endswith("#needs")
    assert not Enrollment.objects.exists()
    assert "ต้องผ่านก่อนลงทะเบียน" in client.get("/courses/da-201/").text
    rule.is_required = False
    rule.save()
    assert "แนะนำให้มีก่อน" in client.get("/courses/da-201/").text
    client.post(address)
    assert Enrollment.objects.get().course_key == second.translation_key


def test_a_placement_quiz_is_open_to_all_and_stands_for_the_course(client, plan, learner, tree):
    second, first = tree.courses
    quiz = make_quiz(make_bank())
    client.force_login(learner)
    assert client.get(f"/quizzes/{quiz.slug}/").status_code == 404
    Prerequisite.objects.create(
        course_key=second.translation_key,
        requires_key=first.translation_key,
        placement_quiz=quiz,
        is_required=True,
    )
    assert client.get(f"/quizzes/{quiz.slug}/").status_code == 200
    quiz.attempts.create(
        learner=learner, number=1, seed="0", paper=[], score=1, max_score=1, finished_at="2026-01-01T00:00Z"
    )
    client.post(reverse("courses:enroll", args=[second.translation_key]))
    assert Enrollment.objects.filter(course_key=second.translation_key).exists()


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_a_learner_states_their_level_and_sees_the_path_that_follows(client, plan, learner, vocabulary):
    client.force_login(learner)
    address = "/my/competencies/?role=academic"
    assert first_step(client.get(address).text) == "/courses/da-201/"
    sharing = vocabulary["data-utilization-and-sharing"]
    governance = vocabulary["digital-governance"]
    client.post(address, {f"c{sharing.pk}": "2", f"c{governance.pk}": "0"})
    assert dict(SelfAssessment.objects.values_list("competency__code", "level")) == {
        "data-utilization-and-sharing": 2,
        "digital-governance": 0,
    }
    page = client.get(address).text
    assert "ประเมินตนเอง ระดับ 2" in page
    assert "ถึงเป้าหมายแล้ว" in page
    assert first_step(page) == "/courses/dg-101/"


def first_step(page):
    return page.partition("ขั้นแรกสำหรับท่าน")[2].split('"')[1]


@pytest.mark.parametrize("level", ["4", "-1", "ก", "", "9" * 30])
def test_a_level_that_is_none_is_refused(client, plan, learner, vocabulary, level):
    client.force_login(learner)
    names = [f"c{target.competency_id}" for target in plan.role.targets.all()]
    assert client.post("/my/competencies/?role=academic", dict.fromkeys(names, level)).status_code == 422
    assert not SelfAssessment.objects.exists()


def test_a_path_is_read_by_all_and_chosen_by_learners(client, plan, learner):
    assert "เข้าสู่ระบบเพื่อดูขั้นต่อไป" in client.get("/paths/p/").text
    assert client.post("/paths/p/choose/", {"chosen": "1"}).url.startswith("/accounts/login/")
    client.force_login(learner)
    for _twice in (1, 2):
        client.post("/paths/p/choose/", {"chosen": "1"})
    assert ChosenPath.objects.get().learner == learner
    assert "เส้นทาง" in client.get("/my/").text
    client.post("/paths/p/choose/", {"chosen": "0"})
    assert not ChosenPath.objects.exists()
    Path.objects.update(is_published=False)
    assert client.get("/paths/p/").status_code == 404


def test_one_reads_ones_own_competencies_only(client, plan, learner, other_learner, exercise):
    make_grade(other_learner, exercise, score=10)
    for person, shows in ((learner, False), (other_learner, True)):
        client.force_login(person)
        assert ("มีหลักฐานแล้ว ระดับ 1" in client.get("/my/competencies/").text) is shows
    client.logout()
    assert client.get("/my/competencies/").status_code == 302


def test_thirty_courses_in_a_path_ask_as_much_as_two(
    client, plan, learner, other_learner, tree, vocabulary, django_assert_max_num_queries
):
    client.force_login(learner)

    def queries():
        client.get("/paths/p/")
        with django_assert_max_num_queries(60) as captured:
            assert client.get("/paths/p/").status_code == 200
        return len(captured)

    two = queries()
    for number in range(28):
        course = grow(tree, code=f"X-{number:03}", exercises=[make_exercise(f"x-{number}")], english=False)
        PathStep.objects.create(path=plan, course_key=course.translation_key, sort_order=number + 2)
        CourseCompetency.objects.create(
            course_key=course.translation_key, competency=vocabulary["cyber-security"], level=1
        )
    assert queries() == two


# --- The back office -------------------------------------------------------------------------------------------------


def test_operators_lay_down_paths_and_nobody_else(client, plan, learner, instructor):
    from django.contrib.auth.models import Group

    operator = make_person("op@example.go.th", "ผู้ดูแล")
    operator.groups.add(Group.objects.get(name="Operators"))
    for person, may in ((learner, False), (instructor, False), (operator, True)):
        client.force_login(person)
        for model in ("path", "role", "coursecompetency", "prerequisite", "framework"):
            for page in (f"/cms/snippets/courses/{model}/", f"/cms/snippets/courses/{model}/add/"):
                if model == "framework" and page.endswith("add/"):
                    continue
                assert (client.get(page).status_code == 200) is may, (person, page)
    fields = {
        "course_key": str(uuid.uuid4()),
        "requires_key": str(uuid.uuid4()),
        "placement_quiz": "",
        "is_required": "on",
    }
    client.post("/cms/snippets/courses/prerequisite/add/", fields)
    assert Prerequisite.objects.get().is_required
    assert client.get(f"/cms/snippets/courses/path/edit/{plan.pk}/").status_code == 200
