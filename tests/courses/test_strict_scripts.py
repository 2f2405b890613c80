"""Wagtail's forms run no inline script: our policy would refuse it."""

import re

import pytest
from django.urls import reverse

# Scripts of a type are data, and one with an address is a file of ours.
INLINE = re.compile(r"<script(?![^>]*\b(?:src|type)=)[^>]*>")


@pytest.mark.parametrize(
    ("address", "starts"),
    [
        ("wagtailsnippets_credentials_achievement:add", {"InlinePanel"}),
        ("wagtailadmin_workflows:add", {"InlinePanel", "PageChooser", "createTaskChooser"}),
    ],
)
def test_a_form_says_what_starts_in_attributes_and_runs_no_inline_script(
    client, django_user_model, db, address, starts
):
    client.force_login(django_user_model.objects.create_superuser(email="editor@example.test", password="x"))
    page = client.get(reverse(address)).content.decode()
    assert not INLINE.findall(page)
    assert starts <= set(re.findall(r'data-starts="(\w+)"', page))
    assert "js/back-office" in page
