import pytest

from lms.accounts.models import User

pytestmark = pytest.mark.django_db
NAMES = {"title": "ดร.", "given_name": "ปิ่น", "family_name": "", "name_en": "Pin", "language": "en"}


def test_a_person_changes_their_own_names_and_language(client, learner, other_learner):
    client.force_login(learner)
    page = client.post("/accounts/profile/", NAMES, follow=True)
    assert "บันทึกข้อมูลส่วนตัวแล้ว" in page.text
    learner.refresh_from_db()
    assert learner.get_full_name() == "ดร.ปิ่น"
    assert learner.language == "en"
    other_learner.refresh_from_db()
    assert other_learner.given_name == "ปิ่น"


@pytest.mark.parametrize(
    ("field", "value"), [("given_name", ""), ("given_name", "x1"), ("name_en", "ปิ่น"), ("language", "xx")]
)
def test_bad_input_changes_nothing(client, learner, field, value):
    client.force_login(learner)
    answer = client.post("/accounts/profile/", NAMES | {field: value})
    assert field in answer.context["form"].errors
    assert "นางสาวน้ำฝน ใจดี" in answer.text  # the header keeps the saved name
    assert User.objects.get(pk=learner.pk).given_name == "น้ำฝน"


def test_nothing_else_can_be_changed_through_the_profile(client, learner):
    client.force_login(learner)
    client.post("/accounts/profile/", NAMES | {"email": "other@example.go.th", "is_staff": "on"})
    learner.refresh_from_db()
    assert (learner.email, learner.is_staff) == ("namfon@example.go.th", False)


def test_the_profile_needs_a_login(client):
    assert client.get("/en/accounts/profile/").url == "/en/accounts/login/?next=/en/accounts/profile/"


@pytest.mark.parametrize("path", ["profile/", "email/", "password/change/", "logout/", "reauthenticate/"])
@pytest.mark.parametrize(("prefix", "language"), [("", "th"), ("/en", "en")])
def test_every_page_of_the_account_has_our_frame(client, learner, path, prefix, language):
    client.force_login(learner)
    answer = client.get(f"{prefix}/accounts/{path}")
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    assert "site-header" in answer.text


def test_account_since_is_told_in_the_era_of_the_language(client, learner):
    from datetime import UTC, datetime

    User.objects.filter(pk=learner.pk).update(date_joined=datetime(2025, 11, 20, 18, tzinfo=UTC))
    client.force_login(learner)
    assert "21 พฤศจิกายน 2568" in client.get("/accounts/profile/").text
    assert "21 November 2025" in client.get("/en/accounts/profile/").text
