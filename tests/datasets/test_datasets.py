"""The library of data sets: fourteen fields, a licence, a data owner's word, and copies pinned by their hash."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db.models import ProtectedError

from courses.datasets import ckan, fake_ckan, using
from courses.datasets.models import LICENCES, NOT_SPECIFIED, REQUIRED, Dataset, DatasetFile, DatasetUse
from grading.models import DataFile, Exercise, ExerciseVersion

pytestmark = pytest.mark.django_db
TEXTS = {name: "ข้อมูล" for name in REQUIRED} | {  # noqa: C420 - changed below
    "title": "คำร้องท้องถิ่น",
    "maintainer_email": "data@demo.example",
    "data_category": Dataset.Category.PUBLIC,
    "data_type": Dataset.Type.STATISTICS,
    "license_id": "cc-by",
}


def make_dataset(slug="requests", by=None, **changes):
    dataset = Dataset.objects.create(slug=slug, **TEXTS | changes)
    if not dataset.missing():
        dataset.sign_off(by)
    return dataset


def make_version(*contents, is_draft=True):
    exercise = Exercise.objects.create(slug=f"e{Exercise.objects.count()}", title_th="ก", title_en="a")
    version = ExerciseVersion.objects.create(
        exercise=exercise, number=1, source=b"{}", sha256="0" * 64, max_score=1, is_draft=is_draft
    )
    for number, content in enumerate(contents):
        DataFile.objects.create(version=version, name=f"{number}.csv", content=content)
    return version


# --- Descriptions -----------------------------------------------------------------------------------------------------


def test_fourteen_fields_are_required_and_each_missing_one_is_named(instructor):
    assert len(REQUIRED) == 14
    for number, name in enumerate(REQUIRED):
        if name == "title":
            continue
        empty = NOT_SPECIFIED if name == "license_id" else ""
        dataset = Dataset.objects.create(slug=f"d{number}", **TEXTS | {name: empty})
        assert dataset.missing() == [name]
        assert not dataset.sign_off(instructor)
    assert not Dataset.objects.public().exists()


def test_every_licence_has_a_name_and_a_text():
    assert all(name and url.startswith("https://") for name, url in LICENCES.values())


def test_only_what_is_public_licensed_and_signed_off_is_in_the_library(client):
    make_dataset()
    make_dataset("personal", title="ลับเฉพาะ", data_category=Dataset.Category.PERSONAL)
    make_dataset("none", title="ไม่มีสัญญา", license_id=NOT_SPECIFIED)
    Dataset.objects.create(slug="waiting", **TEXTS | {"title": "รอรับรอง"})
    page = client.get("/datasets/").text
    assert "คำร้องท้องถิ่น" in page
    for title in ("ลับเฉพาะ", "ไม่มีสัญญา", "รอรับรอง"):
        assert title not in page
    for slug in ("personal", "none", "waiting"):
        assert client.get(f"/datasets/{slug}/").status_code == 404
        assert client.get(f"/datasets/{slug}/package.json").status_code == 404


def test_the_library_is_searched_and_filtered(client):
    make_dataset(topic="health", high_value_dataset=True, title="น้ำดื่มสะอาด")
    make_dataset("other", topic="tourism")
    assert "น้ำดื่มสะอาด" in client.get("/datasets/", {"q": "น้ําดื่ม"}).text  # written with another code point
    assert "คำร้องท้องถิ่น" not in client.get("/datasets/", {"q": "น้ำดื่ม"}).text
    assert "คำร้องท้องถิ่น" not in client.get("/datasets/", {"high": "1"}).text
    assert "น้ำดื่มสะอาด" not in client.get("/en/datasets/", {"topic": "tourism"}).text
    assert client.get("/datasets/", {"topic": "x'\"<", "page": "ก", "q": "%_\\"}).status_code == 200
    assert "ไม่พบชุดข้อมูล" in client.get("/datasets/", {"q": "ไม่มีอยู่จริง"}).text


def test_a_page_of_thirty_asks_as_often_as_one_of_one(client, django_assert_num_queries):
    make_dataset()
    client.get("/datasets/")
    with django_assert_num_queries(4) as first:
        client.get("/datasets/")
    for number in range(30):
        make_dataset(f"d{number}")
    with django_assert_num_queries(len(first)):
        client.get("/datasets/")


def test_a_data_set_shows_its_fields_licence_hash_and_file(client):
    dataset = make_dataset(notes="<script>alert(1)</script>")
    kept = DatasetFile.keep(dataset, "ก.csv", b"a,b\n")
    page = client.get("/datasets/requests/").text
    assert kept.sha256 in page
    assert LICENCES["cc-by"][1] in page
    assert "<script>alert" not in page
    response = client.get(f"/datasets/requests/files/{kept.pk}/")
    assert (response.content, response["X-Content-Type-Options"]) == (b"a,b\n", "nosniff")
    assert response["Content-Disposition"].startswith("attachment")
    package = client.get("/datasets/requests/package.json").json()["result"]
    assert package["resources"][0]["hash"] == f"sha256:{kept.sha256}"
    assert all(package[name] for name in REQUIRED)
    assert client.get("/datasets/requests/files/99999/").status_code == 404


# --- Exercises --------------------------------------------------------------------------------------------------------


def test_a_data_set_without_a_licence_keeps_an_exercise_from_being_published(instructor):
    unlicensed = make_dataset("none", license_id=NOT_SPECIFIED)
    DatasetFile.keep(unlicensed, "a.csv", b"rows")
    # However it was uploaded: the content tells.
    version = make_version(b"other", b"rows")
    assert using.why_not_published(version) == [unlicensed]
    unlicensed.license_id = "cc-by"
    unlicensed.save()
    assert using.why_not_published(version) == [unlicensed]  # nobody vouches for it yet
    unlicensed.sign_off(instructor)
    assert using.why_not_published(version) == []
    use = DatasetUse.objects.get()
    assert (use.name, use.sha256) == ("1.csv", use.file.sha256)


def test_the_back_office_refuses_to_publish_it(client, instructor):
    unlicensed = make_dataset("none", title="ชุดไม่มีสัญญา", license_id=NOT_SPECIFIED)
    DatasetFile.keep(unlicensed, "a.csv", b"rows")
    version = make_version(b"rows")
    client.force_login(instructor)
    page = client.post(f"/cms/exercise-versions/{version.pk}/publish/", follow=True)
    assert "ชุดไม่มีสัญญา" in page.text
    version.refresh_from_db()
    assert version.is_draft


def test_a_published_exercise_keeps_its_copy_and_its_data_set_a_licence():
    dataset = make_dataset()
    DatasetFile.keep(dataset, "a.csv", b"rows")
    version = make_version(b"rows", is_draft=False)
    using.note(version)
    dataset.license_id = NOT_SPECIFIED
    with pytest.raises(ValidationError):
        dataset.clean()
    with pytest.raises(ProtectedError):
        dataset.delete()
    DatasetFile.keep(dataset, "a.csv", b"newer rows")
    assert bytes(version.files.get().content) == b"rows"


def test_who_may_do_what_in_the_back_office(client, instructor, learner, hr_officer):
    dataset = make_dataset()
    Dataset.objects.update(signed_off_at=None)
    address = f"/cms/datasets/{dataset.pk}/sign-off/"
    for person in (learner, hr_officer):
        client.force_login(person)
        assert client.post(address).status_code in {302, 403}
        assert client.get("/cms/snippets/datasets/dataset/").status_code in {302, 403}
    client.force_login(instructor)
    assert client.get("/cms/snippets/datasets/dataset/").status_code == 200
    assert client.get(f"/cms/snippets/datasets/dataset/edit/{dataset.pk}/").status_code == 200
    client.post(address)
    dataset.refresh_from_db()
    assert dataset.signed_off_at is None  # an instructor does not vouch for data


def test_a_data_owner_signs_off_and_a_change_takes_it_back(client, instructor):
    from django.contrib.auth.models import Group

    dataset = make_dataset()
    Dataset.objects.update(signed_off_at=None)
    instructor.groups.add(Group.objects.get(name="Operators"))
    client.force_login(instructor)
    client.post(f"/cms/datasets/{dataset.pk}/sign-off/")
    dataset.refresh_from_db()
    assert dataset.signed_off_by == instructor
    fields = {name: getattr(dataset, name) for name in REQUIRED} | {"slug": dataset.slug, "notes": "อย่างอื่น"}
    fields |= {"classification": "open", "title_en": "", "topic": "", "source_url": "", "update_frequency_interval": ""}
    response = client.post(f"/cms/snippets/datasets/dataset/edit/{dataset.pk}/", fields)
    assert response.status_code == 302, response.context["form"].errors
    dataset.refresh_from_db()
    assert dataset.notes == "อย่างอื่น"
    assert dataset.signed_off_at is None


# --- CKAN -------------------------------------------------------------------------------------------------------------


def test_a_package_comes_with_all_fourteen_fields_and_its_files(catalog, capsys):
    call_command("import_ckan", catalog.url, "local-requests")
    assert "missing: nothing" in capsys.readouterr().out
    dataset = Dataset.objects.get()
    assert dataset.missing() == []
    assert (dataset.license_id, dataset.high_value_dataset, dataset.update_frequency_interval) == ("cc-by", True, 1)
    assert dataset.owner_org == "สถาบันข้อมูลสาธิต"
    assert bytes(dataset.files.get().content) == fake_ckan.FILE
    assert dataset.signed_off_at is None
    call_command("import_ckan", catalog.url, "local-requests")
    assert Dataset.objects.count() == DatasetFile.objects.count() == 1


def test_another_licence_has_to_be_signed_off_anew_and_none_is_not_taken_while_it_is_taught(catalog, instructor):
    dataset = ckan.take(catalog.url, "local-requests").dataset
    dataset.sign_off(instructor)
    ckan.take(catalog.url, "local-requests")
    dataset.refresh_from_db()
    assert dataset.signed_off_at
    catalog.packages["local-requests"]["license_id"] = "License not specified"
    using.note(make_version(fake_ckan.FILE, is_draft=False))
    with pytest.raises(ckan.NotImported, match="สัญญาอนุญาต"):
        ckan.take(catalog.url, "local-requests")
    DatasetUse.objects.all().delete()
    assert ckan.take(catalog.url, "local-requests").dataset.signed_off_at is None


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ("cc-by", "cc-by"),
        ("Open Data Common", "odc-by"),
        ("License not specified", NOT_SPECIFIED),
        ("อื่นๆ", NOT_SPECIFIED),
        (None, NOT_SPECIFIED),
        (["cc-by"], NOT_SPECIFIED),
        ("<b>cc-by</b>", NOT_SPECIFIED),
    ],
)
def test_a_licence_is_one_of_ours_or_not_specified(told, licence):
    assert ckan.licence_of({"license_id": told}) == licence


def test_only_named_catalogs_and_only_their_own_files_are_fetched(catalog, settings):
    catalog.packages["local-requests"]["resources"] = [
        {"url": "http://127.0.0.1:9/elsewhere.csv"},
        {"url": "file:///etc/passwd"},
        {"url": None},
        "x",
        {"url": f"{catalog.url}/download/missing.csv"},
        {"url": f"{catalog.url}/download/requests.csv"},
    ]
    done = ckan.take(catalog.url, "local-requests")
    assert [one.name for one in done.dataset.files.all()] == ["requests.csv"]
    assert len(done.left_out) == 5
    assert set(catalog.asked) == {"/api/3/action/package_show", "/download/missing.csv", "/download/requests.csv"}
    settings.CKAN_SERVERS = []
    with pytest.raises(ckan.NotImported, match="CKAN_SERVERS"):
        ckan.take(catalog.url, "local-requests")


def test_what_is_hostile_or_missing_is_refused_with_a_reason(catalog, capsys):
    catalog.packages |= {
        "empty": {"title": ""},
        "odd": {"title": "x" * 9000, "tags": "x", "organization": [], "notes": {}},
    }
    with pytest.raises(CommandError, match="2 not imported"):
        call_command("import_ckan", catalog.url, "empty", "../../etc", "odd")
    odd = Dataset.objects.get()
    assert len(odd.title) == 300
    assert "license_id" in odd.missing()
    with pytest.raises(ckan.NotImported, match="does not answer"):
        ckan._fetch("http://127.0.0.1:9/", 10)
    with pytest.raises(ckan.NotImported, match="too large"):
        ckan._fetch(f"{catalog.url}/download/requests.csv", 3)


def test_the_demonstration_describes_the_very_files_its_exercises_give_out():
    from courses.demo import library

    assert library.load() == 0  # without its exercises there is nothing to describe
    version = make_version(is_draft=False)
    for one in library.SETS:
        for name in one.files:
            DataFile.objects.create(version=version, name=name, content=name.encode())
    assert library.load() == 6
    assert library.load() == 0
    assert Dataset.objects.public().count() == 6
    assert DatasetUse.objects.count() == sum(len(one.files) for one in library.SETS)
    assert all(one.is_synthetic and one.topic for one in Dataset.objects.all())
