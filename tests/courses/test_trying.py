"""Code in a lesson that may be tried where it stands: for whom, where, and what its page allows."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from wagtail.blocks import StructBlockValidationError

from courses.blocks import CodeBlock
from grading import workbench
from grading.models import Document

pytestmark = pytest.mark.django_db
PATH = "/courses/da-201/module/lesson/"


def code_block(**fields):
    return {"type": "code", "value": {"language": "python", "code": "print('ก')", "can_be_tried": True} | fields}


@pytest.fixture
def lesson(tree):
    """A lesson with a piece to try and one to read."""
    page = tree.lessons[0]
    page.body = [code_block(), code_block(code="open('data.csv')", can_be_tried=False)]
    page.save_revision().publish()
    return page


def begin(client, key, **headers):
    return client.post(reverse("courses:try_lesson", args=[key]), headers=headers)


def test_a_reader_who_is_logged_in_gets_a_frame_and_tokens_of_an_empty_document_of_their_own(client, lesson, learner):
    client.force_login(learner)
    said = begin(client, lesson.translation_key).json()
    document = Document.objects.get()
    assert (document.owner, document.kind, workbench.files_of(document)) == (learner, Document.Kind.LESSON, [])
    assert said["frame"].endswith(f"/code/{document.pk}?language=th")
    assert said["frame"].startswith(said["origin"])
    token = client.post(said["token"]).json()["token"]
    assert workbench.document_of(token)[0] == document
    assert begin(client, lesson.translation_key).json()["frame"] == said["frame"]


def test_who_is_not_logged_in_reads_and_is_led_to_the_login(client, lesson):
    html = client.get(PATH).text
    assert f"/accounts/login/?next={PATH}" in html
    assert "data-code-act" not in html
    answer = begin(client, lesson.translation_key)
    assert (answer.status_code, answer.json()) == (401, {"error": "login"})
    assert not Document.objects.exists()


def test_only_what_an_author_allows_can_be_tried(client, tree, lesson, learner):
    client.force_login(learner)
    html = client.get(PATH).text
    assert html.count("data-try=") == 1
    assert html.count('class="code-block"') == 2
    other = tree.lessons[1]
    assert begin(client, other.translation_key).status_code == 404
    assert begin(client, uuid.uuid4()).status_code == 404
    lesson.unpublish()
    assert begin(client, lesson.translation_key).status_code == 404


def test_only_a_lesson_with_code_to_try_may_frame_the_workbench(client, tree, lesson, settings):
    policy = {page.slug: client.get(page.url)["Content-Security-Policy"] for page in tree.lessons}
    assert f"frame-src {settings.WORKBENCH_URL};" in policy["lesson"] + ";"
    assert "frame-src 'none'" in policy["lesson-2"]


def test_another_site_cannot_begin(lesson, learner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(learner)
    assert begin(client, lesson.translation_key).status_code == 403


@pytest.mark.parametrize("language", ["sql", "text"])
def test_only_python_can_be_tried(language):
    block = CodeBlock()
    value = block.to_python({"language": language, "code": "select 1", "can_be_tried": True})
    with pytest.raises((StructBlockValidationError, ValidationError)):
        block.clean(value)
    assert block.clean(block.to_python({"language": language, "code": "select 1"}))
