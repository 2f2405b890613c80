"""A test that empties the database leaves what the next one needs."""

import pytest
from django.contrib.auth.models import Group

from lms.accounts.roles import INSTRUCTORS


@pytest.mark.parametrize("turn", ["first", "again"])
@pytest.mark.django_db(transaction=True)
def test_the_roles_can_be_made_after_the_database_was_emptied(turn, instructor):
    kinds = Group.objects.get(name=INSTRUCTORS).permissions.values_list("codename", flat=True)
    assert {"access_admin", "submit_translation"} <= set(kinds)
