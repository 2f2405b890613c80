"""Credentials on a learner's pages: ``{% load credentials %}{% my_credentials %}``."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser

from lms.accounts.models import User
from lms.credentials.models import Credential

register = template.Library()


def credentials_of(learner: User | AnonymousUser) -> list[Credential]:
    """A learner's credentials, newest first; nobody's are none."""
    return list(Credential.objects.held_by(learner)) if isinstance(learner, User) else []


@register.inclusion_tag("credentials/_my_credentials.html", takes_context=True)
def my_credentials(context: dict[str, Any]) -> dict[str, Any]:
    return {"credentials": credentials_of(context["request"].user)}
