import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupPagePermission, Page

from courses import checklist, course_template, reviewing, tasks, translating
from courses.models import CoursePage, LessonPage
from lms.accounts.roles import ensure_roles
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, begin, finish, make_provider
from tests.courses.quizzes import make_bank, make_quiz

# Wagtail's notice to the reviewers still opens its mail connection the way Django is about to drop.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:get_connection")]


@pytest.fixture
def provider(tree):
    ensure_roles()
    return make_provider()


@pytest.fixture
def writer(provider):
    return author("writer@example.go.th", provider)


@pytest.fixture
def reviewer(provider):
    person = make_person("reviewer@example.go.th", "ผู้ตรวจทาน")
    person.groups.add(Group.objects.get(name="Reviewers"))
    return person


@pytest.fixture
def course(tree, provider, writer):
    return begin(tree, writer, provider)


def approve(course, by):
    task = course.current_workflow_task_state
    task.task.specific.on_action(task, by, "approve")


def missing(course):
    return [line.text for line in checklist.of_course(course).missing]


def test_a_course_begins_as_a_draft_of_its_provider_with_everything_still_to_be_written(client, course, provider):
    assert course.held_by == provider
    assert not Page.objects.filter(path__startswith=course.path, live=True).exists()
    assert LessonPage.objects.descendant_of(course).count() == 2
    assert client.get("/courses/new-1/").status_code == 404
    found = missing(course)
    assert "บทเรียนทุกบทเขียนแล้ว ไม่มีข้อความของแม่แบบเหลืออยู่" in found
    assert len(found) == 6


def test_the_form_begins_a_course_and_refuses_what_is_none(client, tree, writer, provider):
    client.force_login(writer)
    address = reverse("begin_course")
    good = {"title": "ข้อมูลเพื่อท้องถิ่น", "code": "dl-110", "provider": provider.pk, "modules": 2, "lessons": 3}
    for wrong in (
        {"title": ""},
        {"code": "ดล-110"},
        {"code": "DA-201"},
        {"modules": 0},
        {"modules": 99},
        {"lessons": "หก"},
        {"provider": ""},
        {"provider": make_provider("other").pk},
    ):
        assert client.post(address, good | wrong).status_code == 422, wrong
    assert CoursePage.objects.filter(code="DL-110").count() == 0
    answer = client.post(address, good)
    course = CoursePage.objects.get(code="DL-110")
    assert answer.headers["Location"] == reverse("course_desk", args=[course.pk])
    assert (course.slug, course.held_by, course.owner) == ("dl-110", provider, writer)
    assert LessonPage.objects.descendant_of(course).count() == 6
    page = client.get(answer.headers["Location"])
    assert "ยังขาด" in page.text
    assert client.get(reverse("author_courses")).text.count("ข้อมูลเพื่อท้องถิ่น") == 1


def test_what_is_missing_goes_as_it_is_written(course, exercise, writer):
    assert not checklist.of_course(course).is_complete
    finish(course, exercise, writer)
    assert missing(course) == []
    exercise.versions.update(is_draft=True)
    assert missing(course) == ["แบบฝึกหัดทุกข้อผ่านการตรวจก่อนเผยแพร่และเผยแพร่แล้ว"]


def test_a_second_person_publishes_the_whole_course_and_the_first_cannot(
    client, course, exercise, writer, reviewer, mailoutbox
):
    finish(course, exercise, writer)
    reviewing.send(course, by=writer)
    assert [mail.to for mail in mailoutbox] == [[reviewer.email]]
    writer.groups.add(Group.objects.get(name="Reviewers"))
    task = course.current_workflow_task_state.task.specific
    assert task.get_actions(course, writer) == []
    with pytest.raises(PermissionDenied):
        approve(course, writer)
    assert client.get("/courses/new-1/").status_code == 404
    approve(course, reviewer)
    for address in ("/courses/new-1/", "/courses/new-1/module/", "/courses/new-1/module/lesson/"):
        assert client.get(address).status_code == 200
    assert reviewing.waiting_below(course) == []
    with pytest.raises(reviewing.ReviewRefused, match="nothing"):
        reviewing.send(course, by=writer)


def test_what_the_template_wrote_is_english_already(course, writer):
    translating.prepare(course, by=writer)
    lines = {line.page.title: line for line in translating.of_course(course)}
    # Five headings and the title of a lesson; its texts are the author's.
    assert (lines["บทที่ 1.1"].done, lines["บทที่ 1.1"].total) == (6, 11)
    draft = lines["บทที่ 1.1"].other.specific.get_latest_revision_as_object()
    assert draft.title == "Lesson 1.1"
    assert "What this lesson is for" in str(draft.body)


def test_every_page_of_a_course_leads_to_its_desk(client, course, writer):
    translating.prepare(course, by=writer)
    client.force_login(writer)
    desk = reverse("course_desk", args=[course.pk])
    for page in Page.objects.filter(path__startswith=course.path):
        assert desk in client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).text


def test_what_is_not_written_is_listed_with_where_to_write_it(client, course, writer):
    client.force_login(writer)
    page = client.get(reverse("course_desk", args=[course.pk])).text
    for lesson in LessonPage.objects.descendant_of(course):
        assert reverse("wagtailadmin_pages:edit", args=[lesson.pk]) in page
    assert reverse("wagtailsnippets_grading_exercise:add") in page


def test_a_quiz_that_finds_too_few_items_is_missing_something(course, exercise, writer):
    finish(course, exercise, writer)
    quiz = make_quiz(make_bank())
    lesson = LessonPage.objects.descendant_of(course).first().get_latest_revision_as_object()
    lesson.body = lesson.body.stream_block.to_python(
        [*lesson.body.raw_data, {"type": "quiz", "value": {"quiz": quiz.pk}}]
    )
    lesson.save_revision(user=writer)
    assert missing(course) == []
    quiz.draws.update(count=50)
    assert missing(course) == ["แบบทดสอบทุกชุดมีข้อสอบพอตามจำนวนที่สุ่ม"]


def test_what_was_written_after_review_began_waits_for_the_next(client, course, exercise, writer, reviewer):
    finish(course, exercise, writer)
    reviewing.send(course, by=writer)
    lesson = LessonPage.objects.descendant_of(course).first().get_latest_revision_as_object()
    lesson.title = "แก้ระหว่างตรวจ"
    lesson.save_revision(user=writer)
    approve(course, reviewer)
    assert "แก้ระหว่างตรวจ" not in client.get("/courses/new-1/module/lesson/").text
    assert [page.pk for page, _revision in reviewing.waiting_below(course)] == [lesson.pk]


def test_a_course_that_lacks_something_goes_nowhere(course, writer):
    with pytest.raises(reviewing.ReviewRefused, match="missing"):
        reviewing.send(course, by=writer)
    course.get_workflow().start(course, writer)  # as the editor's own menu would
    someone = make_person("op@example.go.th", "ผู้ดูแล")
    someone.groups.add(Group.objects.get(name="Operators"))
    task = course.current_workflow_task_state.task.specific
    assert [name for name, *_ in task.get_actions(course, someone)] == ["reject"]
    with pytest.raises(PermissionDenied):
        approve(course, someone)


def test_changes_asked_for_are_read_at_the_desk_and_answered_by_sending_again(
    client, course, exercise, writer, reviewer
):
    finish(course, exercise, writer)
    client.force_login(writer)
    send = reverse("send_course", args=[course.pk])
    assert client.post(send).status_code == 302
    state = course.current_workflow_task_state
    state.task.specific.on_action(state, reviewer, "reject", comment="ขอตัวอย่างในบทที่ 2")
    desk = reverse("course_desk", args=[course.pk])
    assert "ขอตัวอย่างในบทที่ 2" in client.get(desk).text
    client.post(send)
    course = CoursePage.objects.get(pk=course.pk)
    assert course.workflow_in_progress
    approve(course, reviewer)
    assert "เผยแพร่ครบแล้ว" in client.get(desk).text


def test_an_approved_time_is_kept_for_the_whole_course(client, course, exercise, writer, reviewer):
    finish(course, exercise, writer)
    course = course.get_latest_revision_as_object()
    course.go_live_at = timezone.now() + timezone.timedelta(hours=1)
    course.save_revision(user=writer)
    reviewing.send(course, by=writer)
    approve(course, reviewer)
    addresses = ("/courses/new-1/", "/courses/new-1/module/", "/courses/new-1/module/lesson/")
    assert {client.get(address).status_code for address in addresses} == {404}
    for page in Page.objects.filter(path__startswith=course.path):
        for revision in page.revisions.exclude(approved_go_live_at=None):
            revision.approved_go_live_at = timezone.now()
            revision.content["go_live_at"] = timezone.now().isoformat()
            revision.save()
    tasks.publish_scheduled()
    assert {client.get(address).status_code for address in addresses} == {200}


def test_an_operator_publishes_no_course_that_lacks_something(client, course):
    someone = make_person("op@example.go.th", "ผู้ดูแล", is_superuser=True)
    client.force_login(someone)
    page = client.get(f"/cms/pages/{course.pk}/edit/").context["form"]
    fields = {
        bound.html_name: bound.value() for bound in page if bound.value() is not None and bound.name != "outcomes"
    }
    form = fields | {"outcomes-count": "0", "comments-TOTAL_FORMS": "0", "comments-INITIAL_FORMS": "0"}
    answer = client.post(f"/cms/pages/{course.pk}/edit/", form | {"action-publish": "1"})
    assert answer.headers["Location"] == reverse("course_desk", args=[course.pk])
    course.refresh_from_db()
    assert not course.live


def test_an_author_sees_a_draft_as_a_learner_and_as_a_visitor(client, course, exercise, writer):
    finish(course, exercise, writer)
    client.force_login(writer)
    lesson = LessonPage.objects.descendant_of(course).first()
    seen = client.get(reverse("wagtailadmin_pages:view_draft", args=[course.pk])).text
    assert "ลงทะเบียนเรียนแล้ว" in seen
    assert reverse("wagtailadmin_pages:view_draft", args=[lesson.pk]) in seen
    assert exercise.title_th in client.get(reverse("wagtailadmin_pages:view_draft", args=[lesson.pk])).text
    draft = course.get_latest_revision_as_object()
    visitor = draft.make_preview_request(preview_mode="visitor")
    assert "ออกจากหลักสูตร" not in visitor.text


def test_an_older_version_is_restored(client, tree, writer, provider, reviewer):
    lesson = tree.lessons[0]
    tree.course.held_by = provider
    tree.course.save()
    first = lesson.save_revision()
    lesson.title = "ฉบับที่สอง"
    lesson.save_revision(user=writer)
    client.force_login(writer)
    assert client.get(reverse("wagtailadmin_pages:history", args=[lesson.pk])).status_code == 200
    page = client.get(reverse("wagtailadmin_pages:revisions_revert", args=[lesson.pk, first.pk]))
    assert page.status_code == 200
    assert page.context["form"].initial["title"] == "บทที่ 1"


# --- English -----------------------------------------------------------------------------------------------------


def test_english_pages_are_prepared_as_drafts_and_go_out_with_the_approval(client, course, exercise, writer, reviewer):
    finish(course, exercise, writer)
    assert {line.state for line in translating.of_course(course)} == {translating.MISSING}
    assert translating.prepare(course, by=writer) == 4
    lines = translating.of_course(course)
    assert {line.state for line in lines} == {translating.OPEN}
    assert not any(line.other.live for line in lines)
    translate_all(course)
    assert {line.state for line in translating.of_course(course)} == {translating.CURRENT}
    reviewing.send(course, by=writer)
    approve(course, reviewer)
    page = client.get("/en/courses/new-1/module/lesson/")
    assert page.status_code == 200
    assert "EN ตอนที่ 1" in page.text


def test_a_translation_behind_its_source_is_said_to_be_and_never_published_unseen(
    client, course, exercise, writer, reviewer
):
    finish(course, exercise, writer)
    translating.prepare(course, by=writer)
    translate_all(course)
    reviewing.send(course, by=writer)
    approve(course, reviewer)
    lesson = LessonPage.objects.descendant_of(course).first().get_latest_revision_as_object()
    lesson.title = "ชื่อใหม่ของบท"
    lesson.save_revision(user=writer)
    states = {line.page.pk: line.state for line in translating.of_course(course)}
    assert states.pop(lesson.pk) == translating.BEHIND
    assert set(states.values()) == {translating.CURRENT}
    translating.prepare(course, by=writer)
    translate_all(course)
    translating.save_drafts(course, by=writer)
    address = "/en/courses/new-1/module/lesson/"
    assert "EN ชื่อใหม่ของบท" not in client.get(address).text
    reviewing.send(CoursePage.objects.get(pk=course.pk), by=writer)
    approve(CoursePage.objects.get(pk=course.pk), reviewer)
    assert "EN ชื่อใหม่ของบท" in client.get(address).text


def translate_all(course):
    """As if typed side by side: each string in English."""
    from wagtail.models import Locale
    from wagtail_localize.models import StringSegment, StringTranslation

    keys = [line.page.translation_key for line in translating.of_course(course)]
    for segment in StringSegment.objects.filter(source__object_id__in=keys).select_related("string"):
        StringTranslation.objects.update_or_create(
            translation_of=segment.string,
            locale=Locale.objects.get(language_code="en"),
            context=segment.context,
            defaults={"data": f"EN {segment.string.data}"},
        )


# --- Who may --------------------------------------------------------------------------------------------------------


def test_nobody_else_comes_to_the_desk(client, course, learner, hr_officer, writer, reviewer):
    stranger_of_other = author("other@example.go.th", make_provider("other"))
    desk = reverse("course_desk", args=[course.pk])
    addresses = [("get", desk), ("post", reverse("send_course", args=[course.pk]))]
    addresses.append(("post", reverse("prepare_english", args=[course.pk])))
    for person in (None, learner, hr_officer, stranger_of_other):
        client.logout()
        if person:
            client.force_login(person)
        for method, address in addresses:
            answer = getattr(client, method)(address)
            assert answer.status_code in (302, 403), (person, address)
            assert "หลักสูตรใหม่" not in answer.text
    course.refresh_from_db()
    assert not course.workflow_in_progress
    for person in (writer, reviewer):
        client.force_login(person)
        assert client.get(desk).status_code == 200


def test_the_list_of_courses_asks_as_much_for_thirty_as_for_one(
    client, tree, course, writer, provider, django_assert_max_num_queries
):
    client.force_login(writer)

    def queries():
        with django_assert_max_num_queries(60) as captured:
            client.get(reverse("author_courses"))
        return len(captured)

    queries()
    one = queries()
    for number in range(29):
        begin(tree, writer, provider, code=f"X-{number}", lessons=1)
    assert queries() == one


def test_a_template_says_what_is_to_be_written():
    assert course_template.is_open(course_template.todo("เขียนที่นี่"))
    assert not course_template.is_open("เขียนแล้ว")


def test_rights_follow_the_provider(course, provider, writer):
    other = make_provider("other")
    assert course.permissions_for_user(writer).can_edit()
    course.held_by = other
    course.save()
    assert not GroupPagePermission.objects.filter(page_id=course.pk, group=provider.group).exists()
    stranger = author("third@example.go.th", other)
    assert course.permissions_for_user(stranger).can_edit()
    other.dismiss(stranger)
    assert not course.permissions_for_user(type(stranger).objects.get(pk=stranger.pk)).can_edit()
