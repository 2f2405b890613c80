"""Trying a lesson's code in place: a kernel of the workbench for the reader, and no notebook around it."""

import uuid

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from courses import blocks, exercise_views
from courses.models import LessonPage
from grading import workbench


@require_POST
@never_cache
def begin(request: HttpRequest, lesson_key: uuid.UUID) -> HttpResponse:
    """Where the frame is and where its tokens are, for somebody logged in and a lesson with code to try."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "login"}, status=401)
    bodies = LessonPage.objects.live().filter(translation_key=lesson_key)
    if not any(blocks.has_code_to_try(page.body.raw_data) for page in bodies):
        raise Http404
    document = workbench.open_lesson(exercise_views.reader(request))
    return JsonResponse(
        {
            "frame": workbench.code_url(document, get_language() or "th"),
            "origin": settings.WORKBENCH_URL,
            "token": reverse("courses:workbench_token", args=[document.pk]),
        }
    )
