"""A data owner's word: who is asked, who may give it, what it opens, and how it is taken back."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.datasets import signing_off, using
from courses.datasets.models import REQUIRED, Dataset, DatasetFile
from grading.models import Provider, ProviderMember
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, make_provider
from tests.datasets.test_datasets import TEXTS, make_version

pytestmark = pytest.mark.django_db
EDIT = "wagtailsnippets_datasets_dataset"


@pytest.fixture
def provider(instructor):
    return make_provider()


@pytest.fixture
def writer(provider):
    return author("writer@example.go.th", provider)


@pytest.fixture
def owner(provider):
    from lms.accounts.roles import ensure_roles

    ensure_roles()
    person = make_person("owner@example.go.th", "เจ้าของข้อมูล")
    provider.admit(person, ProviderMember.Role.DATA_OWNER)
    return person


@pytest.fixture
def reviewer(instructor):
    person = make_person("reviewer@example.go.th", "ผู้ตรวจทาน")
    person.groups.add(Group.objects.get(name="Reviewers"))
    return person


def form(dataset_slug="requests", provider=None, **changes):
    fields = TEXTS | {"slug": dataset_slug, "provider": provider.pk if provider else "", "classification": "open"}
    return fields | {"title_en": "", "topic": "", "source_url": "", "update_frequency_interval": ""} | changes


@pytest.fixture
def asked(client, writer, owner, provider, django_capture_on_commit_callbacks):
    """A data set that its author has saved with nothing missing."""
    client.force_login(writer)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse(f"{EDIT}:add"), form(provider=provider))
    assert answer.status_code == 302, answer.context["form"].errors
    dataset = Dataset.objects.get(slug="requests")
    DatasetFile.keep(dataset, "a.csv", b"rows")
    return dataset


def test_saving_a_complete_data_set_asks_its_data_owner_once_by_letter(
    client, asked, writer, owner, provider, mailoutbox, django_capture_on_commit_callbacks
):
    assert (asked.asked_by, asked.provider) == (writer, provider)
    assert [mail.to for mail in mailoutbox] == [[owner.email]]
    assert reverse("dataset_owner", args=[asked.pk]) in mailoutbox[0].body
    assert "รอเจ้าของข้อมูลรับรอง" in client.get(reverse(f"{EDIT}:edit", args=[asked.pk])).text
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse(f"{EDIT}:edit", args=[asked.pk]), form(provider=provider, notes="แก้คำผิด"))
    assert len(mailoutbox) == 1


def test_nobody_is_asked_about_what_is_not_complete(client, writer, owner, provider, mailoutbox):
    client.force_login(writer)
    client.post(reverse(f"{EDIT}:add"), form(provider=provider, license_id="notspecified"))
    dataset = Dataset.objects.get()
    assert dataset.asked_at is None
    assert "สัญญาอนุญาต" in client.get(reverse(f"{EDIT}:edit", args=[dataset.pk])).text
    assert not mailoutbox


def test_the_owner_reads_it_signs_it_off_and_its_author_is_told(
    client, asked, owner, writer, mailoutbox, django_capture_on_commit_callbacks
):
    version = make_version(b"rows")
    assert using.why_not_published(version) == [asked]
    mailoutbox.clear()
    client.force_login(owner)
    assert asked.title in client.get(reverse("dataset_owner_desk")).text
    page = client.get(reverse("dataset_owner", args=[asked.pk])).text
    assert all(str(asked._meta.get_field(name).verbose_name) in page for name in REQUIRED)
    kept = asked.files.get()
    assert kept.sha256 in page
    response = client.get(reverse("dataset_owner_file", args=[asked.pk, kept.pk]))
    assert (response.getvalue(), response["X-Content-Type-Options"]) == (b"rows", "nosniff")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("dataset_sign_off", args=[asked.pk]))
        client.post(reverse("dataset_sign_off", args=[asked.pk]))  # twice is once
    asked.refresh_from_db()
    assert (asked.signed_off_by, asked.asked_at) == (owner, None)
    assert using.why_not_published(version) == []
    assert [mail.to for mail in mailoutbox] == [[writer.email]]


def test_it_is_sent_back_with_a_reason_and_asked_for_again_by_saving(
    client, asked, owner, writer, provider, mailoutbox, django_capture_on_commit_callbacks
):
    mailoutbox.clear()
    client.force_login(owner)
    back = reverse("dataset_send_back", args=[asked.pk])
    client.post(back, {"reason": "  "})
    asked.refresh_from_db()
    assert asked.asked_at
    with django_capture_on_commit_callbacks(execute=True):
        client.post(back, {"reason": "ไฟล์มีชื่อบุคคล\nBcc: x@example.com"})
    asked.refresh_from_db()
    assert asked.asked_at is None
    assert [mail.to for mail in mailoutbox] == [[writer.email]]
    assert "ไฟล์มีชื่อบุคคล" in mailoutbox[0].body
    assert not mailoutbox[0].bcc
    client.force_login(writer)
    client.post(reverse(f"{EDIT}:edit", args=[asked.pk]), form(provider=provider, notes="ลบชื่อแล้ว"))
    asked.refresh_from_db()
    assert asked.asked_at


def test_a_word_is_taken_back_and_what_is_published_stays(client, asked, owner, instructor):
    asked.sign_off(owner)
    version = make_version(b"rows", is_draft=False)
    using.note(version)
    client.force_login(owner)
    client.post(reverse("dataset_take_back", args=[asked.pk]), {"reason": "พบข้อมูลส่วนบุคคล"})
    asked.refresh_from_db()
    assert asked.signed_off_at is None
    version.refresh_from_db()
    assert not version.is_draft
    assert using.why_not_published(version) == [asked]
    assert not Dataset.objects.public().exists()


def test_only_its_own_data_owner_decides_and_nobody_on_what_they_asked_for(
    client, asked, owner, writer, reviewer, learner, hr_officer
):
    other = make_person("other@example.go.th", "คนอื่น")
    Provider.objects.create(slug="other", name_th="อื่น").admit(other, ProviderMember.Role.DATA_OWNER)
    addresses = [reverse(f"dataset_{verb}", args=[asked.pk]) for verb in ("sign_off", "send_back", "take_back")]
    # The provider has a data owner: those who sign off for all are not asked.
    for person in (learner, hr_officer, writer, other, reviewer):
        client.force_login(person)
        for address in addresses:
            assert client.post(address, {"reason": "ก"}).status_code in {302, 403, 404}
        assert client.get(reverse("dataset_owner", args=[asked.pk])).status_code in {302, 403, 404}
        asked.refresh_from_db()
        assert asked.signed_off_at is None
        assert asked.asked_at
    Dataset.objects.filter(pk=asked.pk).update(asked_by=owner)
    client.force_login(owner)
    client.post(addresses[0])
    asked.refresh_from_db()
    assert asked.signed_off_at is None
    assert "ต้องให้ผู้อื่นเป็นผู้รับรอง" in client.get(reverse("dataset_owner", args=[asked.pk])).text


def test_where_there_is_no_data_owner_those_who_sign_off_for_all_do(client, provider, writer, reviewer):
    dataset = Dataset.objects.create(slug="common", **TEXTS)
    assert signing_off.ask(dataset, writer)
    assert signing_off.owners_of(dataset) == [reviewer]
    client.force_login(reviewer)
    client.post(reverse("dataset_sign_off", args=[dataset.pk]))
    dataset.refresh_from_db()
    assert dataset.signed_off_by == reviewer


def test_a_data_owner_enters_the_back_office_for_that_and_nothing_else(client, owner, provider, asked):
    client.force_login(owner)
    assert reverse("dataset_owner_desk") in client.get("/cms/").text
    for address in ("/cms/snippets/grading/exercise/", "/cms/courses/new/", "/cms/grading/"):
        assert client.get(address).status_code in {302, 403}, address
    assert client.get(reverse(f"{EDIT}:edit", args=[asked.pk])).status_code in {302, 403, 404}
    provider.dismiss(owner)
    client.force_login(owner)
    assert client.get("/cms/").status_code in {302, 403}


def test_data_sets_of_another_provider_are_not_in_the_lists_and_forms_of_ones_own(client, asked, owner, instructor):
    stranger = author("stranger@example.go.th", make_provider("other", "อื่น", "Other"))
    asked.sign_off(owner)
    Dataset.objects.update(data_category=Dataset.Category.PERSONAL)
    client.force_login(stranger)
    client.get("/cms/")  # shows what its author was told, which the same browser still holds
    assert reverse(f"{EDIT}:edit", args=[asked.pk]) not in client.get(reverse(f"{EDIT}:list")).text
    assert client.get(reverse(f"{EDIT}:edit", args=[asked.pk])).status_code in {302, 403, 404}
    assert "a.csv" not in client.get("/cms/snippets/grading/exercise/add/").text
    Dataset.objects.update(data_category=Dataset.Category.PUBLIC)
    assert "a.csv" in client.get("/cms/snippets/grading/exercise/add/").text


def test_a_desk_of_thirty_asks_as_often_as_one_of_one(client, owner, writer, provider, django_assert_num_queries):
    def make(number):
        dataset = Dataset.objects.create(slug=f"d{number}", provider=provider, **TEXTS)
        signing_off.ask(dataset, writer)
        if number % 2:
            dataset.sign_off(owner)

    client.force_login(owner)
    for number in (0, 1):
        make(number)
    client.get(reverse("dataset_owner_desk"))
    with CaptureQueriesContext(connection) as first:
        client.get(reverse("dataset_owner_desk"))
    for number in range(2, 32):
        make(number)
    with django_assert_num_queries(len(first)):
        client.get(reverse("dataset_owner_desk"))


def test_the_menu_offers_each_what_is_theirs(client, writer, owner):
    sees = {}
    for person in (writer, owner):
        client.force_login(person)
        shown = client.get("/cms/").content.decode()
        sees[person] = [reverse(name) in shown for name in ("author_courses", "dataset_owner_desk")]
    assert sees == {writer: [True, False], owner: [False, True]}
