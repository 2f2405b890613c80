"""What a holder shows of a credential to whom: pages, files, links, and everybody who may not."""

import io
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from lms.certificates.models import Disclosure, ShareLink
from lms.credentials import issuing
from lms.credentials.messages import Verdict
from lms.credentials.verifying import verify_file
from tests.credentials.conftest import give_grade, make_achievement, make_exercise

FILES = ("json", "png", "svg", "pdf")
NAME = "นางสาวน้ำฝน ใจดี"


@pytest.fixture
def page(credential):
    return reverse("certificates:holding", args=[credential.number])


@pytest.fixture
def public(credential):
    return reverse("verify:credential", args=[credential.number])


def address(kind, credential):
    return reverse(f"credentials:{kind}", args=[credential.number])


@pytest.mark.parametrize("kind", FILES)
def test_files_are_for_the_holder_and_for_nobody_else(
    kind, client, credential, learner, other_learner, instructor, hr_officer
):
    for person in (None, other_learner, instructor, hr_officer):
        if person:
            client.force_login(person)
        assert client.get(address(kind, credential)).status_code == 404
        assert client.get(address(kind, credential), {"share": "x" * 43}).status_code == 404
    client.force_login(learner)
    answer = client.get(address(kind, credential))
    assert answer.status_code == (202 if kind == "pdf" else 200)
    assert answer["Cache-Control"] == "no-store"
    assert "noindex" in answer["X-Robots-Tag"]


@pytest.mark.parametrize("kind", ["json", "png", "svg"])
def test_every_file_verifies(kind, client, credential, learner):
    client.force_login(learner)
    answer = verify_file(client.get(address(kind, credential)).content)
    assert (answer.verdict, answer.number) == (Verdict.VALID, credential.number)


@pytest.mark.parametrize("number", ["nonsense", "0" * 28, "0000-0000-0000-0000-0000-0000-0000"])
@pytest.mark.parametrize("kind", [*FILES, "share_picture"])
def test_a_number_that_is_none_is_not_found(kind, number, client, learner):
    client.force_login(learner)
    assert client.get(reverse(f"credentials:{kind}", args=[number])).status_code == 404


def test_the_holders_page_is_the_holders(client, credential, page, learner, other_learner, instructor, hr_officer):
    assert client.get(page).status_code == 302
    for person in (other_learner, instructor, hr_officer):
        client.force_login(person)
        assert client.get(page).status_code == 404
        assert client.post(page, {"shows": "name"}).status_code == 404
        assert client.post(f"{page}share/", {"days": 30}).status_code == 404
    client.force_login(learner)
    text = client.get(page).content.decode()
    assert NAME in text
    assert "linkedin.com/profile/add?startTask=CERTIFICATION_NAME" in text
    assert not Disclosure.objects.exists()
    assert not ShareLink.objects.exists()


@pytest.mark.parametrize(
    ("shows", "there", "missing"), [("nothing", "", "น. จ."), ("initials", "น. จ.", NAME), ("name", NAME, "-")]
)
def test_the_public_page_shows_what_the_holder_decided(
    client, stranger, credential, page, public, learner, shows, there, missing
):
    client.force_login(learner)
    assert client.post(page, {"shows": shows}).status_code == 302
    client.logout()
    text = stranger.get(public).content.decode()
    assert there in text
    assert missing == "-" or missing not in text


def test_without_a_decision_the_least_is_shown(stranger, public):
    text = stranger.get(public).content.decode()
    assert NAME not in text
    assert "og:image" not in text


def test_the_name_check_does_not_give_away_initials_that_are_hidden(client, credential, page, learner):
    Disclosure.objects.create(credential=credential, shows="nothing")
    answer = client.post(reverse("verify:name", args=[credential.number]), {"name": "นายอื่น คนอื่น"})
    assert "น. จ." not in answer.content.decode()


@pytest.mark.parametrize("shows", ["everything", "", "name\0"])
def test_a_decision_that_is_none_changes_nothing(client, credential, page, learner, shows):
    client.force_login(learner)
    assert client.post(page, {"shows": shows}).status_code == 422
    assert not Disclosure.objects.exists()


def test_the_picture_is_there_only_if_the_holder_wants_it(client, stranger, credential, page, public, learner):
    picture = address("share_picture", credential)
    assert stranger.get(picture).status_code == 404
    client.force_login(learner)
    client.post(page, {"shows": "initials", "has_picture": "on"})
    client.logout()
    answer = stranger.get(picture)
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 630)
    assert (
        f'<meta property="og:image" content="http://127.0.0.1:8000{picture}">' in stranger.get(public).content.decode()
    )


# --- Links ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def link(credential):
    return ShareLink.make(credential, days=7, label="สมัครงาน")


def test_a_link_is_told_once_and_stored_as_a_hash(client, credential, page, learner):
    client.force_login(learner)
    text = client.post(f"{page}share/", {"days": "30", "label": "สมัครงาน"}).content.decode()
    (link,) = ShareLink.objects.all()
    token = text.split("?share=")[1].split('"')[0]
    assert len(token) == 43
    assert token not in str(ShareLink.objects.values())
    assert timedelta(days=29) < link.expires_at - timezone.now() <= timedelta(days=30)
    assert token not in client.get(page).content.decode()
    assert "สมัครงาน" in client.get(page).content.decode()


def test_whoever_has_the_link_sees_the_name_and_gets_the_files(stranger, credential, public, link):
    _, token = link
    page = stranger.get(public, {"share": token})
    text = page.content.decode()
    assert NAME in text
    assert "สิ่งที่หมดอายุคือลิงก์ ไม่ใช่วุฒิบัตร" in text
    assert "สมัครงาน" not in text
    assert page["Cache-Control"] == "no-store"
    assert verify_file(stranger.get(address("json", credential), {"share": token}).content).verdict == Verdict.VALID
    assert stranger.get(address("pdf", credential), {"share": token}).status_code == 202


def test_an_expired_link_says_so_and_that_the_credential_has_not(stranger, credential, public, link):
    _, token = link
    ShareLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    text = stranger.get(public, {"share": token}).content.decode()
    assert "ลิงก์หมดอายุแล้ว" in text
    assert "วุฒิบัตรนี้ใช้ได้" in text
    assert NAME not in text
    assert stranger.get(address("json", credential), {"share": token}).status_code == 404


def test_a_link_that_was_ended_shows_nothing_more(client, credential, page, public, learner, link):
    shared, token = link
    client.force_login(learner)
    assert client.post(f"{page}share/{shared.pk}/end/").status_code == 302
    client.logout()
    text = client.get(public, {"share": token}).content.decode()
    assert "ลิงก์ถูกยกเลิกแล้ว" in text
    assert NAME not in text
    assert client.get(address("json", credential), {"share": token}).status_code == 404


def test_nobody_ends_anothers_link(client, credential, page, other_learner, link):
    client.force_login(other_learner)
    assert client.post(f"{page}share/{link[0].pk}/end/").status_code == 404
    assert ShareLink.objects.open().count() == 1


def test_a_link_opens_one_credential_and_no_other(stranger, credential, issuer, learner, link):
    exercise = make_exercise("b9")
    give_grade(learner, exercise)
    other = issuing.issue(make_achievement(issuer, [exercise], slug="other"), learner)
    _, token = link
    assert stranger.get(address("json", other), {"share": token}).status_code == 404
    assert (
        NAME not in stranger.get(reverse("verify:credential", args=[other.number]), {"share": token}).content.decode()
    )


@pytest.mark.parametrize("token", ["", "x", "ก" * 43, "x" * 100_000, "\0"])
def test_a_token_that_is_none_opens_nothing(stranger, credential, public, token):
    page = stranger.get(public, {"share": token})
    assert page.status_code == 200
    assert NAME not in page.content.decode()


@pytest.mark.parametrize("data", [{}, {"days": "2"}, {"days": "x"}, {"days": "30", "label": "x" * 101}])
def test_a_link_for_a_time_that_is_not_offered_is_not_made(client, page, learner, data):
    client.force_login(learner)
    assert client.post(f"{page}share/", data).status_code == 422
    assert not ShareLink.objects.exists()


def test_there_is_an_end_to_links(client, credential, page, learner):
    for _ in range(ShareLink.MOST_OPEN):
        ShareLink.make(credential, days=1)
    client.force_login(learner)
    assert client.post(f"{page}share/", {"days": "30"}).status_code == 422
    assert ShareLink.objects.count() == ShareLink.MOST_OPEN


def test_the_holders_page_asks_as_little_for_many_links_as_for_one(
    client, credential, page, learner, django_assert_num_queries, link
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(learner)
    client.get(page)
    with CaptureQueriesContext(connection) as one:
        client.get(page)
    for _ in range(29):
        ShareLink.make(credential, days=1)
    with django_assert_num_queries(len(one)):
        client.get(page)


def test_the_letter_names_the_holders_page(django_capture_on_commit_callbacks, achievement, exercises, learner):
    for exercise in exercises:
        give_grade(learner, exercise)
    with django_capture_on_commit_callbacks(execute=True):
        credential = issuing.issue(achievement, learner)
    assert f"http://127.0.0.1:8000/my/credentials/{credential.number}/" in mail.outbox[-1].body
