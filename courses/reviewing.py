"""A course goes to review as a whole, and out as a whole: in every language, with all that waits below it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from wagtail.actions.publish_page_revision import PublishPageRevisionAction
from wagtail.models import Page, Revision, WorkflowState

from courses import translating
from courses.models import CoursePage


class ReviewRefused(Exception):
    """A course that cannot go to review. ``code``: missing (it lacks something), waiting (it is there already),
    nothing (everything is published as it is)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def languages_of(course: CoursePage) -> list[CoursePage]:
    """The course in every language it is in, its own first."""
    return [course, *course.get_translations()]


def waiting_below(course: CoursePage, until: datetime | None = None) -> list[tuple[Page, Revision]]:
    """The pages of the course, in every language, whose newest version (before ``until``) is not what readers see."""
    found = []
    for top in languages_of(course):
        for page in Page.objects.filter(path__startswith=top.path).order_by("path"):
            revisions = Revision.page_revisions.filter(object_id=str(page.pk)).order_by("-created_at", "-pk")
            newest = (revisions.filter(created_at__lte=until) if until else revisions).first()
            if newest and (newest.pk != page.live_revision_id or not page.live):
                found.append((page, newest))
    return found


@transaction.atomic
def send(course: CoursePage, *, by: Any) -> WorkflowState:
    """Asks for the approval of a second person, who finds it in the back office and by e-mail.

    Raises:
        ReviewRefused: see there.
    """
    from courses import checklist  # noqa: PLC0415 - the checklist is asked by the task, which is a model

    if course.workflow_in_progress:
        raise ReviewRefused("waiting")
    if not checklist.of_course(course).is_complete:
        raise ReviewRefused("missing")
    translating.save_drafts(course, by=by)
    course.refresh_from_db()
    if not waiting_below(course):
        raise ReviewRefused("nothing")
    state = course.current_workflow_state
    if state:  # it came back with changes asked for
        return state.resume(user=by) or state
    return course.get_workflow().start(course, by)


@transaction.atomic
def publish_approved(state: WorkflowState, user: Any = None) -> None:
    """What was approved goes out. A course does so as a whole: with what waited below
    it, in every language, when review began; what was written later waits for the next one.

    The reviewer needs no right to publish: alone, nobody has it.
    """
    page = state.content_object.specific
    _publish(page.get_latest_revision(), user)
    if isinstance(page, CoursePage) and state.current_task_state:
        page.refresh_from_db()
        # A course that is approved for a later time takes its lessons with it.
        start = None if page.live else page.get_latest_revision().content.get("go_live_at")
        for below, revision in waiting_below(page, until=state.current_task_state.started_at):
            if below.pk != page.pk:
                _publish(_not_before(start, revision, user) if start else revision, user)


def _not_before(start: str, revision: Revision, user: Any) -> Revision:
    """The same text, to go out at ``start`` where it says no time of its own."""
    page = revision.as_object()
    if page.go_live_at:
        return revision
    page.go_live_at = datetime.fromisoformat(start)
    return page.save_revision(user=user)


def _publish(revision: Revision, user: Any) -> None:
    PublishPageRevisionAction(revision, user=user).execute(skip_permission_checks=True)
