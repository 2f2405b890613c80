"""Nobody publishes alone: what one person wrote, a second one approves."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _
from wagtail.models import AbstractGroupApprovalTask, WorkflowState

from courses.models.pages import CoursePage

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class SecondPersonTask(AbstractGroupApprovalTask):
    """Members of the chosen groups approve, but never what they asked to have approved or wrote themselves."""

    class Meta:
        verbose_name = _("approval by a second person")
        verbose_name_plural = _("approvals by a second person")

    @classmethod
    def get_description(cls) -> str:
        return str(_("Members of the chosen groups approve, but never their own work"))

    def get_actions(self, obj: Any, user: "_User") -> list[tuple[str, str, bool]]:
        state = obj.current_workflow_state
        actions = super().get_actions(obj, user)
        if state is None or is_own(state, user):
            return []
        return [action for action in actions if action[0] != "approve" or not what_is_missing(obj)]

    def on_action(self, task_state: Any, user: "_User", action_name: str, **kwargs: Any) -> None:
        """Raises PermissionDenied for a person's own work, and for approving a course that lacks something."""
        # An instance of its own: what is looked up on the task's would be out of date when the task goes on with it.
        state = WorkflowState.objects.get(pk=task_state.workflow_state_id)
        if is_own(state, user) or (action_name == "approve" and what_is_missing(state.content_object)):
            raise PermissionDenied
        super().on_action(task_state, user, action_name, **kwargs)


def is_own(state: WorkflowState, user: "_User") -> bool:
    """Whether the person asked for this approval, or wrote the version that waits for it."""
    task = state.current_task_state
    written_by = task.revision.user_id if task and task.revision else None
    return user.pk in (state.requested_by_id, written_by)


def what_is_missing(page: Any) -> bool:
    """Whether a course lacks what it needs to be published; single lessons are approved as they are."""
    if not isinstance(page.specific, CoursePage):
        return False
    from courses import checklist  # noqa: PLC0415 - the checklist knows pages

    return not checklist.of_course(page.specific).is_complete
