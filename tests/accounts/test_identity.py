"""Who says how sure it is who a person is, and when that no longer holds."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from wagtail.users.models import UserProfile

from lms.accounts import identity
from lms.accounts.models import IdentityCheck, User
from lms.accounts.roles import INSTRUCTORS, OPERATORS, ensure_roles
from tests.conftest import make_person

pytestmark = pytest.mark.django_db
Level = User.IdentityLevel


@pytest.fixture
def operator(db):
    return staff("op@example.go.th", OPERATORS)


def staff(email, group):
    ensure_roles()
    person = make_person(email, "เจ้าหน้าที่")
    person.groups.add(Group.objects.get(name=group))
    UserProfile.objects.create(user=person, preferred_language="th")
    return person


def level_of(person):
    return User.objects.get(pk=person.pk).identity_level


def confirm(client, person, **changes):
    data = {"level": "agency-confirmed", "grounds": "เห็นบัตรข้าราชการ 21 พ.ย. 2569"} | changes
    return client.post(reverse("identity_check", args=[person.pk]), data)


def test_an_operator_finds_a_person_by_address_and_writes_down_what_was_seen(client, operator, learner):
    client.force_login(operator)
    found = client.post(reverse("identity_find"), {"email": learner.email.upper()})
    assert found.url == reverse("identity_check", args=[learner.pk])
    assert confirm(client, learner).status_code == 302
    assert level_of(learner) == Level.AGENCY_CONFIRMED
    check = IdentityCheck.objects.get()
    assert (check.checked_by, check.name) == (operator, learner.get_full_name())
    assert check.grounds in client.get(found.url).content.decode()
    # And taken back.
    confirm(client, learner, level="self-asserted", grounds="ผิดคน")
    assert level_of(learner) == Level.SELF_ASSERTED


@pytest.mark.parametrize(
    "changes",
    [
        {"level": "thaid"},
        {"level": "certain"},
        {"level": ""},
        {"grounds": " "},
        {"grounds": "ก" * 501},
        {"grounds": "บัตร 1-2345-67890-12-1"},
        {"grounds": "บัตร ๑๒๓๔๕๖๗๘๙๐๑๒๑"},
    ],
)
def test_what_may_not_be_said_so_is_refused(client, operator, learner, changes):
    client.force_login(operator)
    assert confirm(client, learner, **changes).status_code == 422
    assert level_of(learner) == Level.SELF_ASSERTED
    assert not IdentityCheck.objects.exists()


def test_nobody_confirms_themselves(client, operator):
    client.force_login(operator)
    assert confirm(client, operator).status_code == 422
    assert level_of(operator) == Level.SELF_ASSERTED


def test_a_login_service_may_say_what_a_person_may_not(learner):
    identity.record(learner, level="thaid", grounds="ThaID", by=None)
    assert level_of(learner) == Level.THAID


def test_another_name_is_not_confirmed_by_what_was_seen_before(client, operator, learner):
    identity.record(learner, level="agency-confirmed", grounds="ก", by=operator)
    client.force_login(learner)
    names = {"title": "นางสาว", "given_name": "น้ำฝน", "family_name": "ใจดี", "name_en": "", "language": "en"}
    client.post(reverse("accounts:profile"), names)
    assert level_of(learner) == Level.AGENCY_CONFIRMED
    client.post(reverse("accounts:profile"), names | {"family_name": "สุขใหม่"})
    assert level_of(learner) == Level.SELF_ASSERTED


def test_a_save_of_something_else_asks_nothing_and_a_partial_one_of_a_name_counts(
    learner, operator, django_assert_num_queries
):
    identity.record(learner, level="agency-confirmed", grounds="ก", by=operator)
    person = User.objects.get(pk=learner.pk)
    with django_assert_num_queries(1):
        person.save(update_fields=["last_login"])
    person.given_name = "ฝน"
    person.save(update_fields=["given_name"])
    assert level_of(learner) == Level.SELF_ASSERTED


@pytest.mark.parametrize("role", ["learner", "hr_officer", "instructor", "stranger"])
def test_the_page_is_closed_to_other_roles(client, other_learner, role, request):
    if role == "instructor":
        client.force_login(staff("teacher@example.go.th", INSTRUCTORS))
    elif role != "stranger":
        client.force_login(request.getfixturevalue(role))
    assert client.post(reverse("identity_find"), {"email": other_learner.email}).status_code in {302, 403}
    assert confirm(client, other_learner).status_code in {302, 403}
    assert client.get(reverse("identity_check", args=[other_learner.pk])).status_code in {302, 403}
    assert level_of(other_learner) == Level.SELF_ASSERTED
