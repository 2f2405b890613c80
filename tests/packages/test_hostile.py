"""A package is the file of a stranger: whatever is in it, nothing is stored that may not be."""

import hashlib
import io
import json
import threading
import zipfile

import pytest
from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.db import connection, connections
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page

from courses.models import CourseCompetency, CoursePage, LessonPage
from courses.packages import bodies, exporting, importing, planning, reading, schema
from courses.packages.reading import BadPackage
from grading.models import Exercise, ItemBank, Provider, Quiz
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, make_provider
from tests.packages.conftest import packed

pytestmark = pytest.mark.django_db


def changed(file, change=lambda manifest: None, files=None, **more):
    """The package with its manifest changed, and other files in it."""
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(content.pop("manifest.json"))
    content |= files or {}
    change(manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, data in content.items():
            archive.writestr(name, data)
    buffer.seek(0)
    return buffer


def put(manifest, folder, data, ending):
    digest = hashlib.sha256(data).hexdigest()
    path = f"{folder}/{digest[:16]}{ending}"
    manifest["files"].append({"path": path, "sha256": digest, "size": len(data)})
    return digest, {path: data}


def counts():
    kinds = (Page, Exercise, Quiz, ItemBank, get_image_model(), get_document_model())
    return [kind.objects.count() for kind in kinds]


def lesson(manifest, number=0):
    return manifest["course"]["modules"][0]["lessons"][number]["pages"]["th"]


def at(*path):
    def setter(value):
        def change(manifest):
            place = manifest
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value

        return change

    return setter


def block(kind, value):
    return lambda manifest: lesson(manifest)["body"].append({"type": kind, "value": value})


WRONG = [
    at("type")("Something"),
    at("version")(2),
    at("course", "modules")("none"),
    at("course", "pages")({}),
    at("course", "key")("x" * 36),
    at("course", "areas")(["no-area"]),
    at("course", "pages", "th", "title")("ก" * 300),
    at("course", "pages", "th", "slug")("../../etc"),
    at("course", "pages", "de")({}),
    at("course", "surprise")(1),
    at("exercises", 0, "slug")("a/../b"),
    at("exercises", 0, "limits")({"wall_seconds": 10**9}),
    at("exercises", 0, "limits")({"bombs": 1}),
    at("exercises", 0, "notebook")("0" * 64),
    at("exercises", 0, "files", 0, "name")("../../x"),
    at("exercises", 0, "files", 1, "name")("HIDDEN.csv"),
    at("exercises", 0, "max_attempts")(True),
    at("quizzes", 0, "draws", 0, "bank")("another"),
    at("banks", 0, "items", 0)({"id": "x", "kind": "none"}),
    at("images", 0, "sha256")("f" * 64),
    at("documents", 0, "name")("run.html"),
    at("documents", 0, "name")("a/b.csv"),
    at("files", 0, "path")("../../../etc/passwd"),
    at("files", 0, "path")("data/0123456789abcdef.csv"),
    at("files", 0, "size")(1),
    at("competencies", 0, "exercise")("nobody"),
    at("competencies", 0, "quiz")("pk-quiz"),
    at("datasets", 0, "facts", "license_id")({}),
    at("datasets", 0, "facts")({}),
    at("datasets", 0, "files", 0, "name")("../../a"),
    at("datasets", 0, "files", 0, "name")("a\nb.csv"),
    at("datasets", 0, "files", 0, "name")("\ud800.csv"),
    lambda m: m["datasets"][0]["files"].append(m["datasets"][0]["files"][0] | {"name": "b.csv"}),
    lambda m: m["images"].append(m["images"][0] | {"title": "again"}),
    lambda m: m["documents"].append(m["documents"][0] | {"name": "again.csv"}),
    at("course", "pages", "th", "title")("a\ud800"),
    at("course", "pages", "th", "summary")("a\0"),
    at("banks", 0, "items", 0, "a\udfff")(1),
    lambda m: at("key")(m["course"]["modules"][0]["key"] + "\n")(m["course"]["modules"][0]),
    lambda m: at("slug")("lesson\n")(lesson(m)),
    lambda m: m["files"].append(m["files"][0]),
    lambda m: m["exercises"].append(m["exercises"][0]),
    lambda m: m["course"]["modules"][0]["lessons"].append(m["course"]["modules"][0]["lessons"][0]),
    lambda m: at("slug")(lesson(m, 1)["slug"])(lesson(m, 0)),
    block("raw", "<script>alert(1)</script>"),
    block("image", {"image": 1, "alt": "", "caption": ""}),
    block("image", {"alt": "", "caption": ""}),
    block("exercise", {"exercise": 1, "note": ""}),
    block("exercise", {"exercise": None, "note": ""}),
    block("exercise", {"exercise": ["pk-n1"], "note": ""}),
    block("code", {"language": "cobol", "code": "x", "can_be_tried": False}),
    block("callout", {"kind": {"a": 1}, "text": "x"}),
    block("text", True),
    block("code", {"language": "python", "code": True, "can_be_tried": False}),
    block("code", {"language": "python", "code": "x", "can_be_tried": "yes"}),
    block(["text"], "x"),
    at("course", "pages", "th", "outcomes")([{"type": "outcome", "value": {"a": 1}}]),
]


def test_what_leaves_the_form_is_refused_with_a_reason_and_changes_nothing(file):
    before = counts()
    for number, change in enumerate(WRONG):
        wrong = changed(file, change)
        with pytest.raises(BadPackage) as refused:
            reading.read(wrong)
        assert all(refused.value.problems), number
    assert counts() == before


@pytest.mark.parametrize("data", [b"", b"PK", b"%PDF-1.7", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive_or_has_no_manifest_is_refused(db, data):
    with pytest.raises(BadPackage):
        reading.read(io.BytesIO(data))


@pytest.mark.parametrize(
    "text", ["[]", "{", "[" * 100_000, '{"type": "CoursePackage", "version": 1}', "null", '"\\u0000"']
)
def test_a_manifest_that_is_none_is_refused(db, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("manifest.json", text)
    with pytest.raises(BadPackage):
        reading.read(buffer)


def test_a_file_is_read_to_the_size_that_the_manifest_says_and_no_further(file, monkeypatch):
    bomb = b"\0" * 50_000_000

    def claim(manifest):
        manifest["files"][0]["size"] = 100

    with zipfile.ZipFile(file) as archive:
        path = json.loads(archive.read("manifest.json"))["files"][0]["path"]
    with pytest.raises(BadPackage):
        reading.read(changed(file, claim, {path: bomb}))
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(BadPackage):
        reading.read(file)


def test_a_file_that_is_not_what_its_hash_says_is_refused(file):
    with zipfile.ZipFile(file) as archive:
        told = json.loads(archive.read("manifest.json"))["files"][0]
    with pytest.raises(BadPackage):
        reading.read(changed(file, files={told["path"]: b"x" * told["size"]}))


def test_a_manifest_in_another_encoding_is_none(file):
    with zipfile.ZipFile(file) as archive:
        text = archive.read("manifest.json").decode()
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("manifest.json", text.encode(encoding))
        with pytest.raises(BadPackage, match=r"manifest\.json"):
            reading.read(buffer)


def test_a_file_counts_as_often_as_it_would_be_written(file, monkeypatch):
    def library(manifest):
        first = manifest["datasets"][0]
        manifest["datasets"] = [first | {"slug": f"pk-{number}"} for number in range(200)]

    taken = changed(file, library)
    reading.read(taken)
    manifest = reading.read(file).manifest
    monkeypatch.setattr(reading, "MOST_BYTES", 2 * sum(one["size"] for one in manifest["files"]))
    reading.read(file)
    with pytest.raises(BadPackage, match="MB"):
        reading.read(taken)


def test_a_file_of_a_data_set_has_the_bound_of_every_data_file(file, monkeypatch):
    def use(manifest, digest):
        manifest["datasets"][0]["files"].append({"name": "large.csv", "sha256": digest})

    taken = with_file(file, "data", b"1" * 2000, ".csv", use)
    reading.read(taken)
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 1999)
    with pytest.raises(BadPackage, match="pk-data"):
        reading.read(taken)


def test_a_backslash_and_a_zero_in_code_are_no_zero(file):
    code = block("code", {"language": "python", "code": r"print('\u0000')", "can_be_tried": False})
    reading.read(changed(file, code))


def with_file(file, folder, data, ending, use):
    """The package with one file more, which ``use`` puts to use by its hash."""
    files = {}

    def change(manifest):
        digest, put_in = put(manifest, folder, data, ending)
        files.update(put_in)
        use(manifest, digest)

    changed(file, change)
    return changed(file, change, files)


def test_an_image_that_is_none_is_refused(file):
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for data, name in ((script, "a.svg"), (script, "a.png"), (b"GIF89a" + b"\0" * 50, "a.gif"), (b"none", "a.png")):

        def use(manifest, digest, name=name):
            manifest["images"].append({"sha256": digest, "title": "x", "name": name})

        with pytest.raises(BadPackage, match=name):
            reading.read(with_file(file, "images", data, ".png", use))


def test_a_notebook_that_cannot_be_an_exercise_is_refused_with_its_name(file):
    empty = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'

    def use(manifest, digest):
        manifest["exercises"][0]["notebook"] = digest

    for notebook in (b"{}", b"not json", empty):
        taken = with_file(file, "notebooks", notebook, ".ipynb", use)
        with pytest.raises(BadPackage, match="pk-n1"):
            reading.read(taken)


def test_of_a_text_only_what_authors_can_write_gets_in(file, provider, writer):
    wild = (
        '<p onclick="x()">ก<script>alert(1)</script><img src=x onerror=alert(1)>'
        '<a href="javascript:alert(1)">ข</a><a linktype="page" id="1">ค</a><a href="page:nowhere">ง</a>'
        '<embed embedtype="image" id="1"/><iframe src="//evil.example"></iframe></p>'
    )
    made = importing.take_over(
        reading.read(changed(file, lambda m: lesson(m)["body"].insert(0, {"type": "text", "value": wild}))),
        provider=provider,
        code="",
        by=writer,
    )
    stored = LessonPage.objects.descendant_of(made).order_by("path").first().body.raw_data[0]["value"]
    assert stored == "<p>ก<a>ข</a><a>ค</a><a>ง</a></p>"
    assert bodies.clean(bodies.clean(wild)) == bodies.clean(wild)


def stored():
    folders = [name for name in ("documents", "original_images") if default_storage.exists(name)]
    return {name for folder in folders for name in default_storage.listdir(folder)[1]}


def test_what_cannot_be_done_to_the_end_is_not_begun(file, provider, writer, monkeypatch):
    before, made = (counts(), stored()), []

    def fail(work):
        made.extend(stored())
        raise ZeroDivisionError

    monkeypatch.setattr(importing._Import, "map_competencies", fail)
    with pytest.raises(ZeroDivisionError):
        importing.take_over(reading.read(file), provider=provider, code="", by=writer)
    assert len(made) >= 2
    assert (counts(), stored()) == before


def test_a_course_that_is_here_already_becomes_another_one_under_a_code_of_its_own(course, provider, writer):
    package = reading.read(packed(course))
    plan = planning.make(package, provider=provider, by=writer)
    assert plan.problems
    assert plan.is_another
    plan = planning.make(package, provider=provider, by=writer, code="pk-102")
    assert plan.problems == []
    assert {line.state for line in plan.lines} == {planning.REUSED}
    exercises = Exercise.objects.count()
    made = importing.take_over(package, provider=provider, code="pk-102", by=writer)
    assert (made.code, made.slug) == ("PK-102", "pk-102")
    assert made.translation_key != course.translation_key
    assert Exercise.objects.count() == exercises


def test_competencies_are_mapped_by_those_who_may_and_within_their_framework(file, provider, mapper):
    other = author("other@example.go.th", provider)

    def level(number):
        return reading.read(changed(file, at("competencies", 0, "level")(number)))

    assert "demo-1/D1" in " ".join(planning.make(level(2), provider=provider, by=other).notes)
    importing.take_over(level(2), provider=provider, code="pk-7", by=other)
    assert not CourseCompetency.objects.exists()
    assert "demo-1/D1 (8)" in " ".join(planning.make(level(8), provider=provider, by=mapper).notes)
    importing.take_over(level(8), provider=provider, code="pk-8", by=mapper)
    assert not CourseCompetency.objects.exists()
    assert planning.make(level(2), provider=provider, by=mapper, code="pk-9").competencies
    importing.take_over(level(2), provider=provider, code="pk-9", by=mapper)
    assert CourseCompetency.objects.get().level == 2


def test_a_quiz_that_comes_in_is_for_nobody_before_its_course_is_published(client, file, provider, writer):
    package = reading.read(changed(file, at("quizzes", 0, "is_public_practice")(True)))
    assert "pk-quiz" in " ".join(planning.make(package, provider=provider, by=writer).notes)
    importing.take_over(package, provider=provider, code="", by=writer)
    assert client.get("/quizzes/pk-quiz/practice/").status_code == 404
    client.force_login(make_person("somebody@example.go.th", "ผู้เรียน"))
    assert client.get("/quizzes/pk-quiz/").status_code == 404
    again = planning.make(package, provider=provider, by=writer, code="PK-9")
    assert {line.state for line in again.of("quizzes")} == {planning.REUSED}


def test_what_has_the_same_code_and_is_something_else_stays_as_it_is(file, provider, writer):
    other = make_provider("other")
    mine = Exercise.objects.create(slug="pk-n1", title_th="ของคนอื่น", title_en="x", provider=other)
    ItemBank.objects.create(slug="pk-bank", title_th="คลังอื่น", provider=other)
    plan = planning.make(reading.read(file), provider=provider, by=writer)
    assert {line.slug: line.state for line in plan.lines} == {
        "pk-n1-2": "renamed",
        "pk-bank-2": "renamed",
        "pk-quiz": "new",
        "pk-data": "new",
    }
    made = importing.take_over(reading.read(file), provider=provider, code="", by=writer)
    mine.refresh_from_db()
    assert (mine.title_th, mine.versions.count()) == ("ของคนอื่น", 0)
    assert Quiz.objects.get().draws.get().bank.slug == "pk-bank-2"
    placed = [
        part.value["exercise"].slug
        for page in LessonPage.objects.descendant_of(made)
        for part in page.body
        if part.block_type == "exercise"
    ]
    assert set(placed) == {"pk-n1-2"}


def test_nothing_of_another_provider_is_used_even_where_it_is_equal(course, provider, writer):
    other = make_provider("other")
    plan = planning.make(reading.read(packed(course)), provider=other, by=writer, code="PK-9")
    states = {line.kind: line.state for line in plan.lines}
    assert states == {"exercises": "renamed", "banks": "renamed", "quizzes": "renamed", "datasets": "reused"}


def test_the_schema_is_published_and_holds_for_what_is_written(client, course):
    answer = client.get("/schemas/course-package.json")
    assert answer.status_code == 200
    assert answer.json()["title"] == "Course package"
    manifest = exporting.build(course, exporting.every_right).manifest
    assert not list(reading._VALIDATOR.iter_errors(manifest))
    assert schema.SCHEMA["additionalProperties"] is False


def test_a_site_without_a_catalog_says_so(file, provider, writer):
    Page.objects.filter(depth__gt=2).delete()
    plan = planning.make(reading.read(file), provider=provider, by=writer)
    assert plan.problems
    with pytest.raises(BadPackage):
        importing.take_over(reading.read(file), provider=provider, code="", by=writer)


@pytest.mark.django_db(transaction=True)
def test_taken_over_twice_at_once_it_is_one_course(file, provider, writer):
    data, done = file.getvalue(), []

    def take():
        try:
            by, to = get_user_model().objects.get(pk=writer.pk), Provider.objects.get(pk=provider.pk)
            importing.take_over(reading.read(io.BytesIO(data)), provider=to, code="", by=by)
            done.append("made")
        except BadPackage:
            done.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == ["made", "refused"]
    assert CoursePage.objects.filter(code="PK-101", locale__language_code="th").count() == 1
    assert Exercise.objects.count() == 1
    assert connection.vendor in ("sqlite", "postgresql")
