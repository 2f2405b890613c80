"""What people are written when other people decided. A mail server that is down costs nobody a decision."""

import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.mail import send_mail
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext, override

from grading.models import Appeal, Submission

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

log = logging.getLogger(__name__)

MOST_READERS = 20  # of one appeal; the queue shows it to all


def appealed(appeal: Appeal) -> None:
    """To those who wrote the exercise, or else to all who answer appeals."""
    context = {"appeal": appeal, "submission": appeal.submission, "exercise": appeal.submission.exercise}
    for reader in answerers(appeal):
        write(reader, "appealed", ("answer_appeal", appeal.pk), context)


def answered(appeal: Appeal) -> None:
    """To the learner."""
    context = {"appeal": appeal, "submission": appeal.submission, "exercise": appeal.submission.exercise}
    write(appeal.learner, "answered", ("courses:submission", appeal.submission_id), context)


def graded(submission: Submission) -> None:
    """To the learner: everything that waited for a person is graded."""
    context = {"submission": submission, "exercise": submission.exercise, "grade": submission.grade}
    write(submission.learner, "graded", ("courses:submission", submission.pk), context)


def answerers(appeal: Appeal) -> list[Any]:
    granted = Permission.objects.filter(content_type__app_label="grading", codename="change_appeal")
    may = get_user_model()._default_manager.filter(
        Q(groups__permissions__in=granted) | Q(user_permissions__in=granted), is_active=True
    )
    may = may.exclude(pk=appeal.learner_id).order_by("pk").distinct()
    authors = may.filter(pk__in=appeal.submission.exercise.versions.values("author"))
    return list(authors[:MOST_READERS]) or list(may[:MOST_READERS])


def write(reader: "_User", template: str, page: tuple[str, Any], context: dict[str, Any]) -> None:
    """One letter in the reader's language; ``page``: the name and the key of the page it speaks of."""
    name, key = page
    with override(getattr(reader, "language", None) or settings.LANGUAGE_CODE):
        subject = {
            "appealed": gettext("A learner asks about a grade: %(exercise)s"),
            "answered": gettext("Your question about a grade is answered: %(exercise)s"),
            "graded": gettext("Your work is graded: %(exercise)s"),
        }[template] % {"exercise": context["exercise"].title}
        values = context | {"reader": reader, "address": settings.PUBLIC_URL + reverse(name, args=[key])}
        text = render_to_string(f"exercises/letters/{template}.txt", values)
        try:
            send_mail(" ".join(subject.split()), text, None, [reader.email])
        except OSError:
            log.exception("a letter was not sent", extra={"letter": template})
