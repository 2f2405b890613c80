"""Documents: opened once, saved, gone back to; our cells stay ours; and what the workbench may ask, and for whom."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from grading import tasks, workbench
from grading.models import DataFile, Document, DocumentFile, DocumentVersion, Exercise
from grading.notebooks import NotebookRefused
from tests.grading import authored
from tests.grading.authored import answer, check, setup
from tests.grading.submissions import at_once

API = "/internal/workbench/"
SOURCE = authored.as_bytes(
    authored.document(
        setup("import math"),
        answer("q1", "def total(x):\n    return sum(x)"),
        check("t1", "assert total([1]) == 1", points=2, hidden="assert total([]) == 0"),
    )
)


@pytest.fixture
def exercise(db, instructor):
    made = Exercise.objects.create(slug="b-n1", title_th="อ่านไฟล์", title_en="Read a file")
    files = [DataFile(name="ข้อมูล.csv", content=b"a\n1\n"), DataFile(name="secret.csv", content=b"x", is_hidden=True)]
    made.add_version(source=SOURCE, max_score=2, files=files, limits={}, author=instructor)
    return made


@pytest.fixture
def document(exercise, learner):
    return workbench.open_exercise(exercise, learner)


def cells_of(document):
    return {cell["id"]: cell for cell in json.loads(workbench.notebook_bytes(document))["cells"]}


def typed(document, **texts):
    """The document with other texts in its cells, as the page would send it."""
    notebook = json.loads(workbench.notebook_bytes(document))
    for cell in notebook["cells"]:
        cell["source"] = texts.get(cell["id"], cell["source"])
    return notebook


def save(document, notebook=None, **texts):
    """Typed on top of the newest."""
    sent = json.dumps(notebook or typed(document, **texts)).encode()
    return workbench.save(document, sent, sha256=document.newest.sha256)


# --- Opening ---------------------------------------------------------------------------------------------------------


def test_a_document_begins_with_the_release_and_is_opened_again(exercise, learner, document):
    assert workbench.open_exercise(exercise, learner) == document
    text = workbench.notebook_bytes(document).decode()
    assert "YOUR CODE HERE" in text
    assert "sum(x)" not in text
    assert "total([]) == 0" not in text


@pytest.mark.django_db(transaction=True)
def test_opened_twice_at_once_it_is_one(exercise, learner):
    opened = at_once(4, lambda _: workbench.open_exercise(exercise, learner).pk)
    assert len(set(opened)) == 1
    assert Document.objects.get().versions.count() == 1


def test_every_learner_has_one_of_their_own(exercise, document, other_learner):
    other = workbench.open_exercise(exercise, other_learner)
    save(document, q1="my answer")
    assert "my answer" not in workbench.notebook_bytes(other).decode()


def test_an_exercise_without_a_version_has_none(db, learner):
    with pytest.raises(PermissionDenied):
        workbench.open_exercise(Exercise.objects.create(slug="x", title_th="x", title_en="x"), learner)


def test_an_authors_document_has_the_solutions(exercise, instructor):
    assert "sum(x)" in workbench.notebook_bytes(workbench.open_source(exercise, instructor)).decode()


def test_the_lessons_of_a_person_share_one_document_in_which_nothing_is_kept(db, learner, other_learner):
    document = workbench.open_lesson(learner)
    assert workbench.open_lesson(learner) == document
    assert workbench.open_lesson(other_learner) != document
    assert [cell["source"] for cell in cells_of(document).values()] == [""]
    assert workbench.files_of(document) == []


# --- Saving ----------------------------------------------------------------------------------------------------------


def test_what_is_typed_is_kept_and_within_two_minutes_is_one_version(document):
    first = save(document, q1="x = 'ก'")
    second = save(document, q1="x = 'กข'")
    assert cells_of(document)["q1"]["source"] == "x = 'กข'"
    assert first.number == second.number == 2
    assert save(document).sha256 == second.sha256


def test_later_it_is_the_next_version_and_the_one_before_does_without_outputs(document):
    notebook = typed(document, q1="1 + 1")
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    save(document, notebook)
    document.versions.filter(number=2).update(created_at=timezone.now() - timedelta(minutes=3))
    save(document, q1="1 + 2")
    assert [version.number for version in workbench.versions(document)] == [3, 2, 1]
    assert json.loads(document.versions.get(number=2).notebook)["cells"][1]["outputs"] == []


def test_cells_of_ours_stay_as_they_are_whatever_is_sent(document):
    notebook = typed(document, setup="import os", t1="assert True", q1="x = 1")
    own = {"cell_type": "code", "id": "mine", "metadata": {}, "source": "y", "outputs": [], "execution_count": None}
    del notebook["cells"][0]
    notebook["cells"].insert(1, own)
    notebook["cells"][-1]["metadata"] = {"nbgrader": {"grade": False}, "editable": True, "trusted": True}
    save(document, notebook)
    cells = cells_of(document)
    assert list(cells) == ["setup", "q1", "mine", "t1"]
    assert cells["setup"]["source"] == "import math"
    assert "assert total([1]) == 1" in cells["t1"]["source"]
    assert cells["t1"]["metadata"]["editable"] is False
    assert "trusted" not in cells["t1"]["metadata"]
    assert cells["q1"]["source"] == "x = 1"


def test_too_many_pictures_cost_the_pictures_and_not_the_work(document):
    notebook = typed(document, q1="answer = 42")
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "x" * (6 << 20)}}
    notebook["cells"][1]["outputs"] = [picture]
    saved = save(document, notebook)
    assert not saved.is_whole
    assert cells_of(document)["q1"]["source"] == "answer = 42"
    assert cells_of(document)["q1"]["outputs"] == []


@pytest.mark.parametrize(
    "sent", [b"", b"[]", b"null", b"{}", b'{"nbformat": 4}', b"\xff\xfe", b"[" * 5000, b'{"nbformat": 4, "cells": [1]}']
)
def test_what_is_no_notebook_is_refused_and_changes_nothing(document, sent):
    before = workbench.notebook_bytes(document)
    with pytest.raises(NotebookRefused):
        workbench.save(document, sent)
    assert workbench.notebook_bytes(document) == before


def test_text_that_is_too_large_is_refused(document):
    with pytest.raises(NotebookRefused) as refused:
        save(document, q1="x" * (6 << 20))
    assert refused.value.code == "too_big"


def test_who_saves_over_something_newer_is_told_when_they_ask(document):
    seen = document.newest.sha256
    save(document, q1="in one tab")
    with pytest.raises(workbench.Stale):
        workbench.save(document, json.dumps(typed(document, q1="in another")).encode(), sha256=seen)
    assert cells_of(document)["q1"]["source"] == "in one tab"


def test_who_goes_on_with_what_is_here_leaves_the_others_work_among_the_versions(document):
    save(document, q1="in one tab")
    workbench.save(document, json.dumps(typed(document, q1="in another")).encode())
    assert [version.number for version in workbench.versions(document)] == [3, 2, 1]
    assert "in one tab" in document.versions.get(number=2).notebook.decode()
    assert cells_of(document)["q1"]["source"] == "in another"


def test_what_was_saved_before_its_answer_was_lost_is_no_conflict_with_itself(document):
    seen, sent = document.newest.sha256, json.dumps(typed(document, q1="in a tunnel")).encode()
    first = workbench.save(document, sent, sha256=seen)
    assert workbench.save(document, sent, sha256=seen).sha256 == first.sha256


# --- Going back ------------------------------------------------------------------------------------------------------


def test_an_earlier_version_is_restored_and_that_is_undone_by_restoring(document):
    save(document, q1="good")
    workbench.start_over(document)
    assert "YOUR CODE HERE" in cells_of(document)["q1"]["source"]
    workbench.restore(document, 2)
    assert cells_of(document)["q1"]["source"] == "good"
    assert workbench.versions(document)[0].reason == "restored"


def test_one_cell_is_reset_and_the_others_stay(document):
    save(document, q1="bad")
    with pytest.raises(KeyError):
        workbench.reset_cell(document, "nowhere")
    workbench.reset_cell(document, "q1")
    assert "YOUR CODE HERE" in cells_of(document)["q1"]["source"]


def test_a_corrected_exercise_takes_the_answers_over(exercise, document, instructor):
    save(document, q1="def total(x):\n    return 0")
    assert not workbench.is_outdated(document)
    better = SOURCE.replace(b"import math", b"import math, json")
    exercise.add_version(source=better, max_score=2, files=[], limits={}, author=instructor)
    assert workbench.is_outdated(document)
    workbench.take_new_release(document)
    document.refresh_from_db()
    assert not workbench.is_outdated(document)
    assert cells_of(document)["setup"]["source"] == "import math, json"
    assert "return 0" in cells_of(document)["q1"]["source"]


def test_versions_are_not_kept_without_end(document, monkeypatch):
    monkeypatch.setattr(workbench, "MAX_VERSIONS", 5)
    for number in range(8):
        save(document, q1=f"{number}")
        workbench.reset_cell(document, "q1")
    kept = [version.number for version in workbench.versions(document)]
    assert kept[-1] == 1
    assert len(kept) == 6


# --- Practice --------------------------------------------------------------------------------------------------------


def test_practice_has_the_learners_file_and_ends_after_its_days(db, learner):
    document = workbench.open_practice(learner, "งบประมาณ.csv", b"x\n1\n")
    assert workbench.files_of(document) == [("งบประมาณ.csv", 4)]
    assert workbench.delete_expired() == 0
    Document.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert workbench.delete_expired() == 1
    assert not Document.objects.exists()


def test_the_clock_deletes_what_is_over_with_its_file_and_versions_and_nothing_else(document, learner, other_learner):
    over, not_yet = (workbench.open_practice(person, "a.csv", b"x\n1\n") for person in (learner, other_learner))
    Document.objects.filter(pk=over.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    (entry,) = [e for e in settings.CELERY_BEAT_SCHEDULE.values() if e["task"] == tasks.delete_expired_documents.name]
    assert entry["schedule"] <= timedelta(hours=1)
    tasks.delete_expired_documents()
    assert set(Document.objects.all()) == {document, not_yet}
    assert [file.document for file in DocumentFile.objects.all()] == [not_yet]
    assert not DocumentVersion.objects.filter(document_id=over.pk).exists()


@pytest.mark.parametrize("name", ["", "a/b.csv", "..", "x" * 151, "a\0b"])
def test_a_practice_files_name_must_be_one(db, learner, name):
    with pytest.raises(workbench.DocumentRefused):
        workbench.open_practice(learner, name, b"x")


def test_practice_has_its_limits(db, learner):
    settings.WORKBENCH_PRACTICE_MAX_BYTES = 10
    with pytest.raises(workbench.DocumentRefused, match="file_too_big"):
        workbench.open_practice(learner, "a.csv", b"x" * 11)
    for number in range(workbench.MAX_PRACTICE_DOCUMENTS):
        workbench.open_practice(learner, f"{number}.csv", b"x")
    with pytest.raises(workbench.DocumentRefused, match="too_many"):
        workbench.open_practice(learner, "a.csv", b"x")


# --- What the workbench asks -----------------------------------------------------------------------------------------


def ask(client, token, path="document", method="get", **options):
    return getattr(client, method)(API + path, headers={"Authorization": f"Bearer {token}"}, **options)


@pytest.fixture
def token(document, learner):
    return workbench.token_for(document, learner)["token"]


def test_a_token_opens_its_document_and_says_no_name(client, document, token, learner):
    said = ask(client, token, "identity").json()
    assert said["document"] == str(document.pk)
    assert 590 < said["seconds"] <= 600
    assert learner.email not in str(said)
    assert str(learner.pk) != said["person"]
    assert ask(client, token).content == workbench.notebook_bytes(document)


def test_a_document_is_saved_by_its_token(client, document, token):
    body = json.dumps(typed(document, q1="ผลรวม = 1"))
    said = ask(client, token, method="put", data=body, content_type="application/json").json()
    assert said["sha256"] == document.newest.sha256
    assert cells_of(document)["q1"]["source"] == "ผลรวม = 1"
    refused = ask(client, token, method="put", data="{}", content_type="application/json")
    assert refused.status_code == 422
    assert refused.json()["th"]


def test_visible_files_are_given_and_hidden_ones_are_not(client, token):
    assert ask(client, token, "files").json() == {"files": [{"name": "ข้อมูล.csv", "size": 4}]}
    assert ask(client, token, "files/ข้อมูล.csv").content == b"a\n1\n"
    assert ask(client, token, "files/secret.csv").status_code == 404
    assert ask(client, token, "files/..%2F..%2Fetc%2Fpasswd").status_code == 404


def test_a_token_is_made_for_the_owner_alone(document, other_learner, instructor):
    for person in (other_learner, instructor):
        with pytest.raises(PermissionDenied):
            workbench.token_for(document, person)


def test_no_other_token_opens_anything(client, document, token, learner, monkeypatch):
    forged = [
        "", "x", token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), token.replace("~", ":"), token + "~",
        "~~", "." + token, token * 9, client.cookies.output(), str(document.pk),
    ]  # fmt: skip
    for path in ("identity", "document", "files", "files/ข้อมูล.csv"):
        for one in forged:
            assert ask(client, one, path).status_code == 401, one
        client.force_login(learner)  # a session is no token
        assert client.get(API + path).status_code == 401
    monkeypatch.setattr(workbench, "TOKEN_SECONDS", -1)
    assert ask(client, token).status_code == 401


def test_a_token_ends_with_the_account_and_with_the_password(client, token, learner):
    learner.set_password("another one, long enough 42")
    learner.save()
    assert ask(client, token).status_code == 401


def test_a_token_of_somebody_who_was_shut_out_opens_nothing(client, token, learner):
    type(learner).objects.filter(pk=learner.pk).update(is_active=False)
    assert ask(client, token).status_code == 401


def test_what_signs_sessions_does_not_make_tokens(client, document, learner):
    from django.core import signing

    said = {"d": document.pk.hex, "o": learner.pk, "s": workbench._stamp_of(learner)}
    assert ask(client, signing.dumps(said)).status_code == 401
    assert ask(client, signing.TimestampSigner(sep="~").sign_object(said)).status_code == 401


def test_the_site_is_not_served_under_the_workbenchs_name(client, settings):
    answer = client.get("/my/?a=1", headers={"host": "workbench.test:8001"})
    assert (answer.status_code, answer["Location"]) == (302, f"{settings.PUBLIC_URL}/my/?a=1")
    assert not answer.cookies
