"""What the back office gets from us."""

from typing import Any

from wagtail import hooks
from wagtail.permissions import register_permission_policy
from wagtail.snippets.models import register_snippet

from courses import exercise_admin, exercise_preflight, exercise_statistics
from grading.models import Exercise

register_permission_policy(Exercise, exercise_admin.NeverDeleted(Exercise))
register_snippet(exercise_admin.ExerciseViewSet)


@hooks.register("register_admin_urls")
def exercise_urls() -> list[Any]:
    return exercise_admin.urls + exercise_preflight.urls + exercise_statistics.urls
