"""Who may do what in the back office. Called explicitly: by load_demo and by ``manage.py ensure_roles``."""

from django.contrib.auth.models import Group, Permission
from wagtail.models import (
    Collection,
    GroupApprovalTask,
    GroupCollectionPermission,
    GroupPagePermission,
    Page,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from courses import providing
from courses.models import CourseIndexPage, CoursePage, HomePage, SecondPersonTask
from grading.models.providers import DATA_OWNERS

INSTRUCTORS = providing.INSTRUCTORS
REVIEWERS = "Reviewers"
HR_OFFICERS = "HR officers"
OPERATORS = "Operators"
ROLES = (INSTRUCTORS, REVIEWERS, HR_OFFICERS, OPERATORS, DATA_OWNERS)

ENTER = ["wagtailadmin.access_admin"]
EXERCISES = [f"grading.{action}_exercise" for action in ("add", "change", "view")]
DATASETS = [f"datasets.{action}_dataset" for action in ("add", "change", "view")]
CAPSTONES = [f"capstones.{action}_capstone" for action in ("add", "change", "view")]
SIGN_OFF = ["datasets.sign_off_dataset"]
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
LEARNING = ["courses.change_cohort", "courses.change_post", "events.change_event"]
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
EVERY_PROVIDER = ["grading.see_every_provider"]
PROVIDERS = [f"grading.{action}_provider" for action in ("add", "change", "view")]

MODEL_PERMISSIONS = {
    INSTRUCTORS: [
        *(ENTER + EXERCISES + QUIZZES + DATASETS + CAPSTONES),
        *(SUBMISSIONS + DECISIONS + LEARNING + PROPOSE + TRANSLATE),
    ],
    REVIEWERS: [
        *ENTER,
        *SIGN_OFF,
        "datasets.view_dataset",
        "datasets.change_dataset",
        "grading.view_exercise",
        "grading.view_quiz",
        *EVERY_PROVIDER,
    ],
    HR_OFFICERS: [],
    DATA_OWNERS: ENTER,
    OPERATORS: [
        *(
            ENTER
            + EXERCISES
            + QUIZZES
            + DATASETS
            + CAPSTONES
            + SIGN_OFF
            + SUBMISSIONS
            + DECISIONS
            + LEARNING
            + PROPOSE
            + TRANSLATE
            + CREDENTIALS
        ),
        *(PLANS + PROVIDERS + EVERY_PROVIDER),
    ],
}
# On pages of this kind, in every language, and all that lies below them. Instructors have theirs course by course,
# by the provider (courses.providing). They and reviewers publish by approval only: it takes two.
PAGE_PERMISSIONS: dict[str, tuple[type[Page], list[str]]] = {
    REVIEWERS: (CourseIndexPage, ["change_page"]),
    OPERATORS: (
        HomePage,
        ["add_page", "change_page", "publish_page", "bulk_delete_page", "lock_page", "unlock_page"],
    ),
}
# On all files; instructors have those of their providers, and the common ones (courses.providing).
MEDIA_ROLES = (OPERATORS,)
MEDIA_PERMISSIONS = [
    f"{app}.{action}_{model}"
    for app, model in (("wagtailimages", "image"), ("wagtaildocs", "document"))
    for action in ("add", "change", "choose")
]


def ensure_roles() -> dict[str, Group]:
    """Makes the groups and gives them their rights; run again, it repairs what is missing. Of what an operator added it
    removes nothing but the right to publish alone.

    Pages must exist for rights on them: called before the tree is there, those rights follow on the next call.
    """
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in ROLES}
    for name, permissions in MODEL_PERMISSIONS.items():
        groups[name].permissions.add(*_permissions(permissions))
    for name, (kind, codenames) in PAGE_PERMISSIONS.items():
        _allow_pages(groups[name], kind, codenames)
    _take_back_publishing([groups[INSTRUCTORS], groups[REVIEWERS]])
    for course in CoursePage.objects.select_related("held_by__group"):
        providing.share_rights(course)
    providing.share_files()
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


def _take_back_publishing(groups: list[Group]) -> None:
    """Earlier versions let instructors write in every course and publish alone, and reviewers publish alone."""
    given = GroupPagePermission.objects.filter(group__in=groups)
    given.filter(permission__codename="publish_page").delete()
    given.filter(group__name=INSTRUCTORS, page__in=CourseIndexPage.objects.all()).delete()


def _moderate(approvers: list[Group]) -> None:
    """Wagtail's moderation workflow holds for the whole tree; these groups approve, and nobody their own work."""
    workflow = Workflow.objects.filter(active=True).order_by("pk").first()
    if workflow is None:
        return
    task, _made = SecondPersonTask.objects.get_or_create(name="ตรวจทานโดยบุคคลที่สอง", active=True)
    task.groups.add(*approvers)
    stock = GroupApprovalTask.objects.filter(name="Moderators approval")
    WorkflowTask.objects.filter(workflow=workflow, task__in=stock).update(task=task)
    if not workflow.workflow_tasks.exists():
        WorkflowTask.objects.create(workflow=workflow, task=task)
    for page in HomePage.objects.all():
        WorkflowPage.objects.get_or_create(page_id=page.pk, defaults={"workflow": workflow})
