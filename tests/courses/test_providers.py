"""An instructor of one provider sees nothing of another's; what belongs to nobody is everybody's."""

import io

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.urls import reverse
from PIL import Image as Picture
from wagtail.documents.models import Document
from wagtail.images.models import Image

from courses import providing
from courses.models import CoursePage
from grading import providers
from grading.models import Exercise, ExerciseVersion, ItemBank, Provider, ProviderMember, Quiz, Submission
from lms.accounts.roles import ensure_roles
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, begin, make_provider
from tests.courses.trees import exercise_block, make_exercise, make_grade
from tests.grading.authored import answer, as_bytes, check, document

pytestmark = pytest.mark.django_db
Role = ProviderMember.Role


@pytest.fixture
def ours(tree):
    ensure_roles()
    return make_provider("ours", "ของเรา")


@pytest.fixture
def us(ours):
    return author("us@example.go.th", ours)


@pytest.fixture
def them(ours):
    return author("them@example.go.th", make_provider("theirs", "ของเขา"), Role.LEAD)


@pytest.fixture
def operator(ours):
    person = make_person("operator@example.go.th", "ผู้ดูแล")
    person.groups.add(Group.objects.get(name="Operators"))
    return person


@pytest.fixture
def secret(ours, learner):
    """An exercise of ours, with work handed in, and a quiz with its bank."""
    exercise = make_exercise("ours-1", title_th="ข้อลับของเรา", provider=ours)
    exercise.versions.update(source=as_bytes(document(answer("a", "x = 1"), check("c", "assert x == 1"))))
    make_grade(learner, exercise, 5)
    bank = ItemBank.objects.create(slug="ours", title_th="คลังลับ", provider=ours)
    Quiz.objects.create(slug="ours", title_th="แบบทดสอบลับ", title_en="Secret", provider=ours)
    bank.put(
        {"id": "one", "kind": "numeric", "prompt": {"th": "1+1", "en": "1+1"}, "answer": 2, "source": {"th": "เลข"}}
    )
    return exercise


def addresses(exercise):
    version, submission = exercise.versions.get(), exercise.submissions.get()
    bank, quiz = ItemBank.objects.get(slug="ours"), Quiz.objects.get(slug="ours")
    named = {
        "exercise_preflight": version.pk,
        "exercise_preflight_state": version.pk,
        "exercise_source": version.pk,
        "exercise_similarity": exercise.pk,
        "exercise_statistics": exercise.pk,
        "exercise_extensions": exercise.pk,
        "regrades": exercise.pk,
        "grade_submission": submission.pk,
        "courses:submission": submission.pk,
        "courses:submission_notebook": submission.pk,
        "quiz_statistics": quiz.pk,
        "wagtailsnippets_grading_exercise:edit": exercise.pk,
        "wagtailsnippets_grading_exercise:history": exercise.pk,
        "wagtailsnippets_grading_exercise:usage": exercise.pk,
        "wagtailsnippets_grading_quiz:edit": quiz.pk,
        "wagtailsnippets_grading_itembank:edit": bank.pk,
        "wagtailsnippets_grading_quizitem:edit": bank.items.get().pk,
    }
    yield from (reverse(name, args=[pk]) for name, pk in named.items())
    yield reverse("bank_export", args=[bank.pk, "json"])
    yield from (reverse("courses:exercise", args=[exercise.slug]), reverse("courses:quiz", args=[quiz.slug]))


def test_nothing_of_a_provider_opens_for_the_people_of_another(client, secret, us, them, operator):
    wanted = list(addresses(secret))
    client.force_login(them)
    opened = {address: answer.status_code for address in wanted if (answer := client.get(address)).status_code < 400}
    # Wagtail answers a refusal by leading back to its front page.
    assert {address for address, status in opened.items() if status == 200} == set()
    for person in (us, operator):
        client.force_login(person)
        for address in wanted:
            assert client.get(address).status_code in (200, 302), address


def test_nothing_of_a_provider_stands_in_the_lists_of_another(client, secret, us, them):
    lists = [reverse(f"wagtailsnippets_grading_{kind}:list") for kind in ("exercise", "quiz", "quizitem", "itembank")]
    lists += [reverse("grading_queue"), reverse("appeal_queue"), reverse("bank_import")]
    lists += [reverse(f"wagtailsnippetchoosers_grading_{kind}:choose") for kind in ("exercise", "quiz")]
    secrets = ("ข้อลับของเรา", "แบบทดสอบลับ", "คลังลับ")
    for person, may in ((them, False), (us, True)):
        client.force_login(person)
        text = "".join(client.get(address).text for address in lists)
        assert [word in text for word in secrets] == [may] * 3


def test_nothing_of_a_provider_is_changed_by_another(client, secret, them):
    client.force_login(them)
    submission = Submission.objects.get(exercise=secret)
    for name, pk in {
        "exercise_publish": secret.versions.get().pk,
        "exercise_similarity": secret.pk,
        "regrades": secret.pk,
        "grade_submission": submission.pk,
        "take_over_submission": submission.pk,
        "courses:requeue": submission.pk,
    }.items():
        assert client.post(reverse(name, args=[pk]), {"reason": "x"}).status_code == 404, name


def test_what_belongs_to_nobody_is_every_instructors(us, them, exercise):
    rows = Exercise.objects.filter(pk=exercise.pk)
    assert list(providers.visible(rows, us)) == list(providers.visible(rows, them)) == [exercise]


def test_nobody_without_a_provider_sees_what_has_one(secret, client):
    from django.contrib.auth.models import AnonymousUser

    lonely = author("lonely@example.go.th")
    for person in (lonely, AnonymousUser()):
        assert not providers.visible(Exercise.objects.filter(provider__isnull=False), person)
        assert not Provider.objects.of(person)
        assert not Provider.objects.written_by(person)


def test_a_page_of_another_provider_is_neither_listed_nor_opened(client, tree, ours, us, them):
    course = begin(tree, us, ours, title="หลักสูตรลับ")
    client.force_login(them)
    assert client.get(reverse("wagtailadmin_pages:edit", args=[course.pk])).status_code in (302, 403)
    for address in (reverse("author_courses"), reverse("wagtailadmin_explore_root"), "/cms/pages/search/?q=หลักสูตร"):
        assert "หลักสูตรลับ" not in client.get(address, follow=True).text
    # Copying is a way of reading, too.
    assert client.get(reverse("wagtailadmin_pages:copy", args=[course.pk])).status_code in (302, 403)


def test_lessons_and_exercises_are_used_again_by_copying_and_placing(client, tree, ours, us, exercise):
    source, target = begin(tree, us, ours, code="A-1"), begin(tree, us, ours, code="A-2")
    lesson, module = source.get_descendants().last().specific, target.get_children().first()
    copied = lesson.copy(to=module, user=us, update_attrs={"slug": "again", "title": "ใช้อีกครั้ง"}, keep_live=False)
    assert copied.translation_key != lesson.translation_key
    assert copied.body.raw_data[0]["value"] == lesson.body.raw_data[0]["value"]


def test_a_data_owner_writes_nothing(tree, ours, us):
    owner = author("data@example.go.th", ours, Role.DATA_OWNER)
    course = begin(tree, us, ours)
    assert list(Provider.objects.of(owner)) == [ours]
    assert not Provider.objects.written_by(owner)
    assert not course.permissions_for_user(owner).can_edit()
    ours.admit(owner, Role.AUTHOR)
    again = type(owner).objects.get(pk=owner.pk)
    assert CoursePage.objects.get(pk=course.pk).permissions_for_user(again).can_edit()


def test_a_lead_keeps_the_list_of_people_and_others_do_not(client, ours, us, them, operator):
    edit = reverse("wagtailsnippets_grading_provider:edit", args=[ours.pk])
    form = {"slug": "ours", "name_th": "ของเรา", "name_en": "", "leads": "", "authors": "", "data_owners": ""}
    client.force_login(us)
    assert client.get(edit).status_code != 200
    ours.admit(us, Role.LEAD)
    client.force_login(type(us).objects.get(pk=us.pk))
    assert client.get(edit).status_code == 200
    newcomer = author("new@example.go.th")
    sent = client.post(edit, form | {"leads": us.email, "authors": newcomer.email.upper()})
    assert sent.status_code == 302
    assert {m.person: m.role for m in ours.members.all()} == {us: Role.LEAD, newcomer: Role.AUTHOR}
    for wrong in ("nobody@example.go.th", us.email):
        assert client.post(edit, form | {"leads": us.email, "authors": wrong}).status_code == 200
    client.post(edit, form | {"leads": us.email})
    assert not newcomer.groups.filter(pk=ours.group_id).exists()
    client.force_login(them)
    assert client.get(edit).status_code != 200
    assert client.get(reverse("wagtailsnippets_grading_provider:add")).status_code != 200
    client.force_login(operator)
    assert client.get(reverse("wagtailsnippets_grading_provider:add")).status_code == 200


# --- Files, and what is placed in a lesson ----------------------------------------------------------------------------


@pytest.fixture
def files(ours, us, settings, tmp_path):
    """An image and a document of ours, and a document that lies in no collection."""
    settings.MEDIA_ROOT = tmp_path
    drawn = io.BytesIO()
    Picture.new("RGB", (20, 20), "teal").save(drawn, "PNG")
    mine = {"collection": providing.files_of(ours)}
    Document.objects.create(title="เอกสารกลาง", file=ContentFile(b"a", name="b.csv"))
    return (
        Image.objects.create(title="ภาพลับ", file=ContentFile(drawn.getvalue(), name="a.png"), **mine),
        Document.objects.create(title="เอกสารลับ", file=ContentFile(b"a", name="a.csv"), **mine),
    )


# Wagtail leaves the file open that it writes a smaller picture to.
def test_files_of_a_provider_are_seen_by_its_own_people_and_others_are_common(client, files, us, them, operator):
    ensure_roles()
    image, document = files
    addresses = [
        reverse("wagtailimages:index"),
        reverse("wagtailimages_chooser:choose"),
        reverse("wagtaildocs:index"),
        reverse("wagtaildocs_chooser:choose"),
    ]
    one = [reverse("wagtailimages:edit", args=[image.pk]), reverse("wagtaildocs:edit", args=[document.pk])]
    for person, may in ((them, False), (us, True), (operator, True)):
        client.force_login(person)
        text = "".join(client.get(address).text for address in addresses)
        assert [word in text for word in ("ภาพลับ", "เอกสารลับ", "เอกสารกลาง")] == [may, may, True], person
        assert [client.get(address).status_code == 200 for address in one] == [may, may]
    client.force_login(them)
    form = client.get(reverse("wagtailimages:add")).context["form"]
    offered = "".join(str(label) for _value, label in form.fields["collection"].choices)
    assert "ของเขา" in offered
    assert providing.COMMON in offered
    assert "ของเรา" not in offered


def lesson_form(lesson, kind, **value):
    return {
        "title": lesson.title, "slug": lesson.slug, "minutes": "30", "seo_title": "", "search_description": "",
        "body-count": "1", "body-0-deleted": "", "body-0-order": "0", "body-0-type": kind, "body-0-id": "",
        **{f"body-0-value-{name}": str(given) for name, given in value.items()},
        "comments-TOTAL_FORMS": "0", "comments-INITIAL_FORMS": "0", "comments-MIN_NUM_FORMS": "0",
        "comments-MAX_NUM_FORMS": "",
    }  # fmt: skip


def test_a_form_made_by_hand_places_nothing_of_another_provider(client, tree, secret, files, them, exercise):
    course = begin(tree, them, Provider.objects.get(slug="theirs"), code="T-1", lessons=1)
    lesson = course.get_descendants().last().specific
    address = reverse("wagtailadmin_pages:edit", args=[lesson.pk])
    image, document = files
    client.force_login(them)
    wrong = (
        ("exercise", {"exercise": secret.pk, "note": ""}),
        ("quiz", {"quiz": Quiz.objects.get(slug="ours").pk, "note": ""}),
        ("image", {"image": image.pk, "alt": "ก", "caption": ""}),
        ("download", {"document": document.pk, "description": ""}),
    )
    for kind, value in wrong:
        answer = client.post(address, lesson_form(lesson, kind, **value))
        assert answer.status_code == 200, kind
        assert "เป็นของผู้อื่น" in str(answer.context["form"].errors["body"]), kind
    assert client.post(address, lesson_form(lesson, "exercise", exercise=exercise.pk, note="")).status_code == 302
    # What an operator has placed stays when an author saves the lesson.
    draft = lesson.get_latest_revision_as_object()
    draft.body = draft.body.stream_block.to_python([exercise_block(secret)])
    draft.save_revision()
    assert client.post(address, lesson_form(lesson, "exercise", exercise=secret.pk, note="x")).status_code == 302


def test_a_module_offers_the_quizzes_of_its_authors_alone(client, tree, secret, us, them):
    for person, slug, may in ((us, "ours", True), (them, "theirs", False)):
        course = begin(tree, person, Provider.objects.get(slug=slug), code=f"M-{slug}")
        client.force_login(person)
        text = client.get(reverse("wagtailadmin_pages:edit", args=[course.get_children().first().pk])).text
        assert ("แบบทดสอบลับ" in text) is may


def test_a_new_exercise_belongs_to_its_authors_provider(client, us, ours, them):
    from courses.exercise_admin import ExerciseViewSet
    from courses.exercise_forms import ExerciseForm

    form_class = ExerciseViewSet.edit_handler.bind_to_model(Exercise).get_form_class()
    form = form_class(for_user=us)
    assert isinstance(form, ExerciseForm)
    assert form["provider"].initial == ours
    assert list(form.fields["provider"].queryset) == [ours]
    assert form.fields["provider"].required
    lonely = form_class(for_user=author("lonely@example.go.th"))
    assert not lonely.fields["provider"].required
    assert not ExerciseVersion.objects.filter(exercise__provider=ours).exists()
