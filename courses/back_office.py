"""What the pages about one exercise in the back office have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from grading import providers
from grading.models import Exercise

View = Callable[..., HttpResponse]


def needs(*permissions: str) -> Callable[[View], View]:
    """Lets only those in who have all of ``permissions``; whoever gets this far is logged in to the back office."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def found[M: Model](request: HttpRequest, rows: QuerySet[M], owner: str = "provider", **key: Any) -> M:
    """The row with this ``key``, where it belongs to a provider of the person's own or to none; ``owner`` is the path
    from a row to its provider. Raises Http404: what belongs to others is not there."""
    return get_object_or_404(providers.visible(rows, request.user, owner), **key)


def page(
    request: HttpRequest,
    template: str,
    title: str,
    exercise: Exercise | None,
    context: dict[str, Any],
    *,
    parents: tuple[tuple[str, str], ...] = (),
    status: int = 200,
) -> HttpResponse:
    """A page of the back office below the exercise's own; ``parents`` are (address, label) pairs in between.

    Without an exercise it is a page of all exercises.
    """
    crumbs = [
        {"url": reverse("wagtailsnippets_grading_exercise:list"), "label": _("Exercises")},
        *(
            [{"url": reverse("wagtailsnippets_grading_exercise:edit", args=[exercise.pk]), "label": exercise.title}]
            if exercise
            else []
        ),
        *({"url": url, "label": label} for url, label in parents),
        {"url": "", "label": title, "sublabel": exercise.title if exercise else ""},
    ]
    shown = {
        "exercise": exercise,
        "page_title": title,
        "header_title": f"{title}: {exercise.title}" if exercise else title,
        "header_icon": "clipboard-list",
        "breadcrumbs_items": crumbs,
    }
    return render(request, template, shown | context, status=status)
