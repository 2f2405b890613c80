"""Credentials on a learner's pages: ``{% load credentials %}{% my_credentials %}``, ``{% credential_goals %}``."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser

from lms.accounts.models import User
from lms.credentials.goals import goals_of
from lms.credentials.models import Credential

register = template.Library()


def credentials_of(learner: User | AnonymousUser) -> list[Credential]:
    """A learner's credentials, newest first; nobody's are none."""
    return list(Credential.objects.held_by(learner)) if isinstance(learner, User) else []


@register.inclusion_tag("credentials/_my_credentials.html", takes_context=True)
def my_credentials(context: dict[str, Any]) -> dict[str, Any]:
    return {"credentials": credentials_of(context["request"].user)}


@register.inclusion_tag("credentials/_goals.html", takes_context=True)
def credential_goals(context: dict[str, Any]) -> dict[str, Any]:
    """What is still missing for the credentials that rest on the course whose ``outline`` is shown."""
    outline, user = context["outline"], context["request"].user
    quizzes = {*outline.quizzes, *(module.quiz.quiz.pk for module in outline.modules if module.quiz)}
    learner = user if isinstance(user, User) and outline.is_enrolled else None
    return {"goals": goals_of(learner, set(outline.exercises), quizzes), "is_own": learner is not None}
