"""Who may do what in the back office. Called explicitly: by load_demo and by ``manage.py ensure_roles``."""

from django.contrib.auth.models import Group, Permission
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page, Workflow, WorkflowPage

from courses.models import CourseIndexPage, HomePage

INSTRUCTORS = "Instructors"
REVIEWERS = "Reviewers"
HR_OFFICERS = "HR officers"
OPERATORS = "Operators"
ROLES = (INSTRUCTORS, REVIEWERS, HR_OFFICERS, OPERATORS)

ENTER = ["wagtailadmin.access_admin"]
EXERCISES = [f"grading.{action}_exercise" for action in ("add", "change", "view")]
QUIZZES = [
    f"grading.{action}_{model}" for model in ("itembank", "quizitem", "quiz") for action in ("add", "change", "view")
]
SUBMISSIONS = [
    "grading.view_submission",
    "grading.change_submission",
    "grading.view_quizattempt",
]  # look at them; queue failed ones again
# Give points by hand, answer appeals, grant extensions, read who changed what.
DECISIONS = [
    "grading.add_judgement",
    "grading.change_appeal",
    "grading.change_extension",
    "grading.view_auditentry",
]
CREDENTIALS = [
    *(f"credentials.{action}_achievement" for action in ("add", "change", "view")),
    "credentials.view_credential",
    "credentials.change_credential",  # withdraw, order another one; nobody writes one by hand
    "credentials.change_award",  # decide on what somebody else proposed
    "credentials.change_issuerkey",  # withdraw a key
    "accounts.add_identitycheck",  # say how sure it is who a person is
    *(f"certificates.{action}_design" for action in ("add", "change", "delete", "view")),
]
LEARNING = ["courses.change_cohort"]
# An award by two people: whoever proposes it never decides on it.
PROPOSE = ["credentials.add_award"]
# What people should be able to do is the platform's word, not that of a single provider.
PLANS = [
    *(
        f"courses.{action}_{model}"
        for model in ("path", "role", "coursecompetency", "prerequisite")
        for action in ("add", "change", "delete", "view")
    ),
    "courses.view_framework",
    "courses.change_framework",
]
TRANSLATE = ["wagtail_localize.submit_translation"]

MODEL_PERMISSIONS = {
    INSTRUCTORS: ENTER + EXERCISES + QUIZZES + SUBMISSIONS + DECISIONS + LEARNING + PROPOSE + TRANSLATE,
    REVIEWERS: [*ENTER, "grading.view_exercise", "grading.view_quiz"],
    HR_OFFICERS: [],
    OPERATORS: [
        *(ENTER + EXERCISES + QUIZZES + SUBMISSIONS + DECISIONS + LEARNING + PROPOSE + TRANSLATE + CREDENTIALS),
        *PLANS,
    ],
}
# On pages of this kind, in every language, and all that lies below them.
PAGE_PERMISSIONS: dict[str, tuple[type[Page], list[str]]] = {
    INSTRUCTORS: (CourseIndexPage, ["add_page", "change_page", "publish_page"]),
    REVIEWERS: (CourseIndexPage, ["change_page", "publish_page"]),
    OPERATORS: (
        HomePage,
        ["add_page", "change_page", "publish_page", "bulk_delete_page", "lock_page", "unlock_page"],
    ),
}
MEDIA_ROLES = (INSTRUCTORS, OPERATORS)
MEDIA_PERMISSIONS = [
    f"{app}.{action}_{model}"
    for app, model in (("wagtailimages", "image"), ("wagtaildocs", "document"))
    for action in ("add", "change", "choose")
]


def ensure_roles() -> dict[str, Group]:
    """Makes the groups and gives them their rights; run again, it repairs what is missing and removes nothing.

    Pages must exist for rights on them: called before the tree is there, those rights follow on the next call.
    """
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in ROLES}
    for name, permissions in MODEL_PERMISSIONS.items():
        groups[name].permissions.add(*_permissions(permissions))
    for name, (kind, codenames) in PAGE_PERMISSIONS.items():
        _allow_pages(groups[name], kind, codenames)
    for name in MEDIA_ROLES:
        _allow_media(groups[name])
    _moderate([groups[REVIEWERS], groups[OPERATORS]])
    return groups


def _permissions(names: list[str]) -> list[Permission]:
    """The permissions called ``app.codename``.

    Raises:
        Permission.DoesNotExist: one is misspelled, or its application is not migrated.
    """
    pairs = (name.split(".", 1) for name in names)
    return [Permission.objects.get(content_type__app_label=app, codename=codename) for app, codename in pairs]


def _allow_pages(group: Group, kind: type[Page], codenames: list[str]) -> None:
    permissions = _permissions([f"wagtailcore.{codename}" for codename in codenames])
    for page in kind.objects.all():
        for permission in permissions:
            GroupPagePermission.objects.get_or_create(group=group, page_id=page.pk, permission=permission)


def _allow_media(group: Group) -> None:
    root = Collection.get_first_root_node()
    for permission in _permissions(MEDIA_PERMISSIONS):
        GroupCollectionPermission.objects.get_or_create(group=group, collection=root, permission=permission)


def _moderate(approvers: list[Group]) -> None:
    """Wagtail's own moderation workflow holds for the whole tree, and these groups approve."""
    workflow = Workflow.objects.filter(active=True).order_by("pk").first()
    if workflow is None:
        return
    for page in HomePage.objects.all():
        WorkflowPage.objects.get_or_create(page_id=page.pk, defaults={"workflow": workflow})
    for task in workflow.tasks.all():
        if hasattr(task.specific, "groups"):
            task.specific.groups.add(*approvers)
