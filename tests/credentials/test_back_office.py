"""The operator defines what can be earned; nobody writes a credential by hand."""

import pytest
from django.urls import reverse

from lms.accounts.models import User
from lms.accounts.roles import OPERATORS, ensure_roles
from lms.credentials.models import Achievement, Credential
from tests.conftest import make_person
from tests.credentials.conftest import make_achievement


@pytest.fixture
def operator(client, db):
    person = make_person("op@example.go.th", "โอ")
    person.groups.add(ensure_roles()[OPERATORS])
    client.force_login(person)
    return person


def address(model, view, *args):
    return reverse(f"wagtailsnippets_credentials_{model}:{view}", args=args)


def form_data(issuer, exercises, /, **changes):
    data = {
        "slug": "analyst",
        "issuer": issuer.pk,
        "name_th": "นักวิเคราะห์ข้อมูล",
        "name_en": "Data Analyst",
        "description_th": "ก",
        "description_en": "A",
        "criteria_th": "ข",
        "criteria_en": "B",
        "hours": "12",
        "is_active": "on",
        "requirements-TOTAL_FORMS": len(exercises),
        "requirements-INITIAL_FORMS": 0,
        "quiz_requirements-TOTAL_FORMS": 0,
        "quiz_requirements-INITIAL_FORMS": 0,
        "credential_requirements-TOTAL_FORMS": 0,
        "credential_requirements-INITIAL_FORMS": 0,
        "competencies-TOTAL_FORMS": 0,
        "competencies-INITIAL_FORMS": 0,
    }
    for number, exercise in enumerate(exercises):
        data |= {
            f"requirements-{number}-exercise": exercise.pk,
            f"requirements-{number}-minimum_fraction": "0.8",
            f"requirements-{number}-ORDER": number + 1,
        }
    return data | changes


def test_an_operator_defines_an_achievement_with_its_rule(client, operator, issuer, exercises):
    add = address("achievement", "add")
    assert client.get(add).status_code == 200
    response = client.post(add, form_data(issuer, exercises))
    assert response.status_code == 302, response.context["form"].errors
    achievement = Achievement.objects.issuable().get()
    assert [r.exercise for r in achievement.requirements.all()] == exercises
    assert client.get(address("achievement", "edit", achievement.pk)).status_code == 200
    assert "นักวิเคราะห์ข้อมูล" in client.get(address("achievement", "list")).content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"slug": ""},
        {"slug": "ไม่ใช่รหัส"},
        {"hours": "0"},
        {"hours": "many"},
        {"hours": "-5"},
        {"name_th": ""},
        {"name_th": "x" * 300},
        {"description_th": "x" * 5000},
        {"issuer": "999"},
        {"requirements-0-minimum_fraction": "1.5"},
        {"requirements-0-minimum_fraction": "0"},
        {"requirements-0-minimum_fraction": "NaN"},
        {"requirements-0-exercise": ""},
        {"valid_days": "-1"},
        {"exercises_needed": "0"},
        {"exercises_needed": "-1"},
        {"exercises_needed": "3"},
        {"exercises_needed": "ครึ่งหนึ่ง"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(client, operator, issuer, exercises, changes):
    response = client.post(address("achievement", "add"), form_data(issuer, exercises, **changes))
    assert response.status_code == 200
    assert not Achievement.objects.exists()


def test_some_of_the_exercises_can_be_enough(client, operator, issuer, exercises):
    response = client.post(address("achievement", "add"), form_data(issuer, exercises, exercises_needed="1"))
    assert response.status_code == 302, response.context["form"].errors
    assert Achievement.objects.get().exercises_to_pass() == 1


def stacked_on(*parts):
    rows = {f"credential_requirements-{n}-part": part.pk for n, part in enumerate(parts)}
    return rows | {"credential_requirements-TOTAL_FORMS": len(parts)}


def test_a_stacked_one_needs_no_exercise_of_its_own(client, operator, issuer, achievement):
    response = client.post(address("achievement", "add"), form_data(issuer, [], **stacked_on(achievement)))
    assert response.status_code == 302, response.context["form"].errors
    stack = Achievement.objects.issuable().get(slug="analyst")
    assert [one.part for one in stack.credential_requirements.all()] == [achievement]


def test_a_stack_has_one_storey_and_no_circle(client, operator, issuer, exercises, achievement):
    client.post(address("achievement", "add"), form_data(issuer, [], **stacked_on(achievement)))
    stack = Achievement.objects.get(slug="analyst")
    other = make_achievement(issuer, exercises, slug="other")
    for changed, part in ((achievement, achievement), (achievement, stack), (achievement, other), (other, stack)):
        data = form_data(issuer, exercises, slug=changed.slug, **stacked_on(part))
        response = client.post(address("achievement", "edit", changed.pk), data)
        assert response.status_code == 200
        assert "ที่ไม่ได้สะสมจากฉบับอื่น" in response.text
        assert not changed.credential_requirements.exists()


def test_a_rule_names_no_more_than_a_credential_can_hold(client, operator, issuer, exercises, monkeypatch):
    monkeypatch.setattr("lms.credentials.wagtail_hooks.MOST_GROUNDS", 1)
    response = client.post(address("achievement", "add"), form_data(issuer, exercises))
    assert response.status_code == 200
    assert "ได้ไม่เกิน 1" in response.text


def test_the_same_exercise_twice_is_refused(client, operator, issuer, exercises):
    response = client.post(address("achievement", "add"), form_data(issuer, [exercises[0], exercises[0]]))
    assert response.status_code == 200
    assert not Achievement.objects.exists()


def test_credentials_are_listed_and_can_be_looked_into(client, operator, credential):
    page = client.get(address("credential", "list")).content.decode()
    assert credential.number in page
    assert client.get(address("credential", "inspect", credential.pk)).status_code == 200


@pytest.mark.parametrize("view", ["edit", "delete"])
def test_not_even_an_operator_writes_a_credential(client, operator, credential, view):
    for method in (client.get, client.post):
        response = method(address("credential", view, credential.pk))
        assert response.status_code in {302, 403}
    assert client.get(address("credential", "add")).status_code in {302, 403}
    assert Credential.objects.filter(revoked_at=None).count() == 1


def test_the_list_deletes_nothing_in_bulk(client, operator, credential):
    address = reverse("wagtail_bulk_action", args=["credentials", "credential", "delete"])
    client.post(f"{address}?id={credential.pk}")
    assert Credential.objects.filter(pk=credential.pk).exists()


def test_not_even_an_operator_of_the_whole_system_writes_a_credential(client, credential):
    client.force_login(User.objects.create_superuser("root@example.go.th", "x", given_name="โอ"))
    for view in ("edit", "delete"):
        assert client.post(address("credential", view, credential.pk)).status_code in {302, 403}
    assert Credential.objects.count() == 1


@pytest.mark.parametrize("role", ["learner", "hr_officer", "instructor"])
def test_the_back_office_is_closed_to_other_roles(client, credential, role, request):
    client.force_login(request.getfixturevalue(role))
    for model in ("achievement", "credential"):
        assert client.get(address(model, "list")).status_code in {302, 403}


def test_the_list_asks_as_often_for_thirty_as_for_three(client, operator, achievement, exercises):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from lms.credentials import issuing
    from tests.credentials.conftest import give_grade

    def count(people):
        for number in range(people):
            person = make_person(f"p{people}-{number}@example.go.th", "ทดสอบ")
            for exercise in exercises:
                give_grade(person, exercise)
            issuing.issue(achievement, person)
        client.get(address("credential", "list"))
        with CaptureQueriesContext(connection) as queries:
            client.get(address("credential", "list"))
        return len(queries)

    assert count(3) == count(27)
