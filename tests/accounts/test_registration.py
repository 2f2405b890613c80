import re

import pytest
from django.core import mail
from django.core.cache import cache

from lms.accounts.models import User
from tests.conftest import PASSWORD
from tests.courses.trees import plant

pytestmark = pytest.mark.django_db
NEW = {
    "title": "นางสาว",
    "given_name": "น้ำ\u200bฝน",
    "family_name": "ณ  อยุธยา",
    "name_en": "Namfon Na Ayutthaya",
    "email": "Namfon@Example.go.th",
    "password1": PASSWORD,
    "password2": PASSWORD,
}


@pytest.fixture(autouse=True)
def site(db):
    cache.clear()  # rate limits count in it
    return plant()


@pytest.fixture
def confirming(settings):
    """As where a mail server is: an address must be confirmed before the first login."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def register(client, prefix="", **changes):
    return client.post(f"{prefix}/accounts/signup/", NEW | changes)


def test_a_thai_name_registers_with_every_mark(client):
    assert register(client).url == "/my/"
    person = User.objects.get(email="namfon@example.go.th")
    assert person.get_full_name() == "นางสาวน้ำฝน ณ อยุธยา"
    assert (person.name_en, person.language, person.is_staff) == ("Namfon Na Ayutthaya", "th", False)
    assert "นางสาวน้ำฝน ณ อยุธยา" in client.get("/my/").text


def test_registering_in_english_keeps_to_english(client):
    assert register(client, "/en").url == "/en/my/"
    assert User.objects.get().language == "en"


def test_one_name_is_enough(client):
    assert register(client, title="", given_name="ปิ่น", family_name="", name_en="").status_code == 302
    assert User.objects.get().get_full_name() == "ปิ่น"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", ""),
        ("given_name", " \u200b "),
        ("given_name", "123"),
        ("given_name", "ก" * 121),
        ("given_name", "<b>x</b>"),
        ("name_en", "น้ำฝน"),
        ("email", ""),
        ("email", "not an address"),
        ("email", "a@b"),
        ("email", "x" * 300 + "@example.go.th"),
        ("password1", "short"),
        ("password1", "password"),
        ("password2", "something else"),
    ],
)
def test_bad_input_is_refused_with_a_reason_at_the_field(client, field, value):
    answer = register(client, **{field: value})
    assert answer.status_code == 200
    assert not User.objects.exists()
    assert answer.context["form"].errors[field]
    assert "error-summary" in answer.text
    assert f'href="#id_{field}"' in answer.text
    assert re.search(r"มีข้อมูลที่ต้องแก้ไข", answer.text)


def test_rights_cannot_be_typed_into_the_form(client):
    register(client, is_staff="on", is_superuser="on", groups="1")
    person = User.objects.get()
    assert not person.is_staff
    assert not person.is_superuser
    assert not person.groups.exists()


def test_an_address_that_has_an_account_is_told_to_its_owner_only(client, learner, confirming):
    known = register(client, email=learner.email.upper())
    client.cookies.clear()
    fresh = register(client, email="fresh@example.go.th")
    assert (known.status_code, known.url) == (fresh.status_code, fresh.url)
    to_owner = next(message for message in mail.outbox if message.to == [learner.email])
    assert to_owner.subject == "คุณมีบัญชีอยู่แล้ว"
    assert User.objects.filter(email__iexact=learner.email).count() == 1


def test_an_address_is_registered_once_where_addresses_are_not_confirmed(client, learner):
    assert register(client, email=learner.email.upper()).status_code == 200
    assert User.objects.count() == 1


def test_an_address_is_confirmed_through_the_link_in_a_thai_mail(client, confirming):
    assert register(client).url == "/accounts/confirm-email/"
    message = mail.outbox[0]
    assert message.subject == "ยืนยันอีเมล"
    assert "นางสาวน้ำฝน ณ อยุธยา" in message.body
    link = re.search(r"http://testserver(\S+)", message.body)[1]
    assert "ใช่ ยืนยัน" in client.get(link).text
    client.post(link)
    answer = client.post("/accounts/login/", {"login": "namfon@example.go.th", "password": PASSWORD})
    assert answer.url == "/my/"


def test_login_is_by_email_in_any_case(client, learner):
    answer = client.post("/accounts/login/", {"login": " NAMFON@example.go.th ", "password": PASSWORD})
    assert answer.url == "/my/"


def test_a_wrong_password_and_an_unknown_address_look_the_same(client, learner):
    wrong = client.post("/accounts/login/", {"login": learner.email, "password": "wrong"})
    unknown = client.post("/accounts/login/", {"login": "nobody@example.go.th", "password": "wrong"})
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert wrong.status_code == unknown.status_code == 200


def test_guessing_passwords_is_stopped_even_with_the_right_one(client, learner):
    for _ in range(10):
        client.post("/accounts/login/", {"login": learner.email, "password": "wrong"})
    answer = client.post("/accounts/login/", {"login": learner.email, "password": PASSWORD})
    assert answer.status_code in (200, 429)
    assert "_auth_user_id" not in client.session


def test_login_does_not_lead_away_from_the_site(client, learner):
    answer = client.post(
        "/accounts/login/?next=https://evil.example/",
        {"login": learner.email, "password": PASSWORD, "next": "https://evil.example/"},
    )
    assert answer.url == "/my/"


def test_logout_needs_a_button_and_keeps_the_language(client, learner):
    client.force_login(learner)
    assert "ต้องการออกจากระบบหรือไม่" in client.get("/accounts/logout/").text
    assert client.post("/en/accounts/logout/").url == "/en/"
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("language", "subject"), [("th", "ตั้งรหัสผ่านใหม่"), ("en", "Choose a new password")])
def test_a_new_password_by_mail_in_the_persons_language(client, learner, language, subject):
    User.objects.filter(pk=learner.pk).update(language=language)
    answer = client.post("/accounts/password/reset/", {"email": learner.email}, follow=True)
    assert "โปรดตรวจอีเมล" in answer.text
    assert mail.outbox[0].subject == subject
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    new = "ใหม่-rice-field-43"
    done = client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new}, follow=True)
    assert "ตั้งรหัสผ่านใหม่แล้ว" in done.text
    assert client.login(email=learner.email, password=new)
    assert "ลิงก์นี้หมดอายุ" in client.get(link, follow=True).text


def test_a_new_password_for_nobody_looks_the_same(client, learner):
    known = client.post("/accounts/password/reset/", {"email": learner.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.go.th"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_a_closed_account_cannot_log_in(client, learner):
    User.objects.filter(pk=learner.pk).update(is_active=False)
    client.post("/accounts/login/", {"login": learner.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "path",
    [
        *["login/", "signup/", "password/reset/", "password/reset/done/", "password/reset/key/done/", "inactive/"],
        *["confirm-email/", "confirm-email/wrong-key/", "password/reset/key/1-wrong/"],
    ],
)
@pytest.mark.parametrize(("prefix", "language"), [("", "th"), ("/en", "en")])
def test_every_account_page_has_our_frame_in_both_languages(client, path, prefix, language):
    answer = client.get(f"{prefix}/accounts/{path}")
    assert answer.status_code in (200, 404)
    assert f'<html lang="{language}"' in answer.text
    assert "site-header" in answer.text
