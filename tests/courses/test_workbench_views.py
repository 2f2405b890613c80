"""What the page around the workbench asks for, by everybody who might."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from courses import workbench_views
from courses.models import Enrollment
from grading import workbench
from tests.courses.test_exercise_pages import enrolled, exercise, tree  # noqa: F401 - fixtures

NAMES = ["workbench_token", "workbench_state", "workbench_notebook"]


@pytest.fixture
def document(exercise, learner, enrolled):  # noqa: F811
    return workbench.open_exercise(exercise, learner)


def ask(client, name, document):
    address = reverse(f"courses:{name}", args=[document.pk])
    return client.post(address) if name == "workbench_token" else client.get(address)


def test_a_learner_gets_a_token_the_state_and_the_file(enrolled, document):  # noqa: F811
    said = ask(enrolled, "workbench_token", document).json()
    assert workbench.document_of(said["token"])[0] == document
    assert said["refresh_in"] < said["expires_in"]
    assert ask(enrolled, "workbench_state", document).json()["sha256"] == document.newest.sha256
    answer = ask(enrolled, "workbench_notebook", document)
    assert json.loads(b"".join(answer.streaming_content))["nbformat"] == 4
    assert "b-n1.ipynb" in answer["Content-Disposition"]


@pytest.mark.parametrize("name", NAMES)
def test_somebody_elses_document_is_not_there(document, other_learner, instructor, hr_officer, name):
    for person in (other_learner, instructor, hr_officer):
        client = Client()
        client.force_login(person)
        assert ask(client, name, document).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_who_is_logged_out_is_told_so_in_a_way_a_script_understands(document, name):
    answer = ask(Client(), name, document)
    assert (answer.status_code, answer.json()) == (401, {"error": "login"})


@pytest.mark.parametrize("name", NAMES)
def test_who_has_left_the_course_has_no_more_of_it(enrolled, document, learner, name):  # noqa: F811
    Enrollment.objects.filter(learner=learner).delete()
    assert ask(enrolled, name, document).status_code == 404


def test_a_token_is_not_given_to_another_sites_form(document, learner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(learner)
    assert ask(client, "workbench_token", document).status_code == 403


def test_only_a_page_with_the_frame_may_frame_the_workbench(enrolled, document, settings):  # noqa: F811
    framed = workbench_views.framed(workbench_views.state)
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = document.owner
    assert framed(request, document.pk)._csp_config["frame-src"] == [settings.WORKBENCH_URL]
    assert "'none'" in enrolled.get("/my/")["Content-Security-Policy"].split("frame-src")[1].split(";")[0]
