"""Every address of the site that shows a page, and who opens it: taken from the URLconf and the page tree.

A new address is walked by itself if it needs nothing filled in. Otherwise it has to be put into ``FILLED`` or
``NO_PAGES``: a test compares both with the URLconf. Runs inside a site (``manage.py shell``), which it first brings
into a state in which there is something of everything.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils.translation import override

from tests.furnishing import EXERCISE, INSTRUCTOR, LEARNER, QUIZ, course, credential, furnish, person

OURS = ("courses.", "grading.", "lms.", "allauth.")
VISITOR, OPERATOR, DATA_OWNER = "", "operator", "dataowner"
PEER = "learner16"  # has sent a project, so is asked to read others'
# No pages, by name: answers to forms and pieces of pages,
ANSWERS = """
    send_course prepare_english exercise_preflight_state exercise_preflight_again exercise_publish similarity_state
    take_over_submission withdraw_judgement withdraw_extension remove_cohort_member dataset_sign_off issuer_key_state
    regrade_state regrade_decide verify:name verify:batch_delete certificates:share certificates:end_share
    courses:enroll courses:leave courses:mark_lesson courses:try_lesson courses:practice_delete courses:source_save
    courses:hand_in courses:check courses:check_state courses:document_versions courses:document_restore
    courses:document_start_over courses:document_reset_cell courses:document_new_release courses:workbench_token
    courses:workbench_state courses:submission_state courses:requeue courses:appeal courses:withdraw_appeal
    courses:quiz_start courses:quiz_practice courses:quiz_save courses:quiz_finish courses:checklist courses:active
    courses:choose_path courses:leave_cohort courses:post_act privacy:consent privacy:export privacy:erase privacy:stay
    dataset_send_back dataset_take_back publish_event_result event_team courses:events:found
    courses:events:board courses:events:leave project_hide project_review_hide discard_package capstones:withdraw
    capstones:share
    records:take_over records:drop records:grant records:end records:send
"""
# files and what programs read,
FILES = """
    exercise_source bank_export credentials:did credentials:trusted_issuers credentials:issuer_did
    credentials:status_list credentials:record_schema credentials:schema credentials:json credentials:png
    credentials:svg credentials:pdf credentials:jwt credentials:share_picture courses:release courses:file
    courses:workbench_notebook courses:submission_notebook verify:qr verify:batch_result verify:offline_bundle
    dataset_owner_file event_results course_dossier_file credentials:dossier_schema
    course_package_file credentials:package_schema verify:offline_html records:json records:csv
    datasets:description datasets:file healthz readyz metrics workbench_api:identity
    workbench_api:document workbench_api:files workbench_api:file
"""
# and what is reached in the middle of something only, or switched off.
PASSING = """
    account_reauthenticate account_confirm_email account_reset_password_from_key account_confirm_login_code
    dataset_import account_set_password account_inactive account_email_verification_sent back_office_login
"""
NO_PAGES = {*ANSWERS.split(), *FILES.split(), *PASSING.split()}
# Whose page it is where it is nobody's by its place: the rest of /cms/ is an instructor's, of /my/ a learner's.
WHOSE = {
    "courses:practices": LEARNER,
    "courses:join_cohort": LEARNER,
    "accounts:profile": LEARNER,
    "account_email": LEARNER,
    "account_change_password": LEARNER,
    "account_logout": LEARNER,
    "awards": OPERATOR,
    "issuer_keys": OPERATOR,
    "identity_find": OPERATOR,
    "dataset_owner_desk": DATA_OWNER,
}


def _pk(label: str, **which: Any) -> Callable[[], list[Any]]:
    """The first row of a model, by its key."""

    def found() -> list[Any]:
        rows = apps.get_model(label)._default_manager.filter(**which).order_by("pk")
        return [_one(rows.values_list("pk", flat=True))]

    return found


def _topic() -> list[Any]:
    return [_field("courses.Post", "exercise__slug", topic=None), *_pk("courses.Post", topic=None)()]


def _course() -> list[Any]:
    return [course().pk]


def _cohort() -> list[Any]:
    return _pk("courses.Cohort", members__learner__email__startswith=f"{LEARNER}@")()


def _holding() -> list[Any]:
    return [credential().number]


# Who opens it, and what its address is filled in with.
FILLED: dict[str, tuple[str, Callable[[], list[Any]]]] = {
    "course_desk": (INSTRUCTOR, _course),
    "course_rules": (INSTRUCTOR, _course),
    "exercise_preflight": (INSTRUCTOR, _pk("grading.ExerciseVersion", exercise__slug=EXERCISE)),
    "exercise_similarity": (INSTRUCTOR, _pk("grading.Exercise", slug=EXERCISE)),
    "similar_pair": (INSTRUCTOR, _pk("grading.SimilarPair")),
    "exercise_statistics": (INSTRUCTOR, _pk("grading.Exercise", slug=EXERCISE)),
    "exercise_audit": (INSTRUCTOR, _pk("grading.Exercise", slug=EXERCISE)),
    "exercise_extensions": (INSTRUCTOR, _pk("grading.Exercise", slug=EXERCISE)),
    "grade_submission": (INSTRUCTOR, _pk("grading.Submission", exercise__slug=EXERCISE)),
    "answer_appeal": (INSTRUCTOR, _pk("grading.Appeal")),
    "quiz_statistics": (INSTRUCTOR, _pk("grading.Quiz")),
    "cohort": (INSTRUCTOR, _cohort),
    "delete_cohort": (INSTRUCTOR, _cohort),
    "regrades": (INSTRUCTOR, _pk("grading.Exercise", slug=EXERCISE)),
    "regrade": (INSTRUCTOR, _pk("grading.Regrade")),
    "identity_check": (OPERATOR, _pk("accounts.User", email__startswith=f"{LEARNER}@")),
    "credential_desk": (OPERATOR, _pk("credentials.Credential")),
    "award": (OPERATOR, lambda: [_field("credentials.Award", "uid")]),
    "issuer_key": (OPERATOR, _pk("credentials.IssuerKey")),
    "course_dossier": (INSTRUCTOR, _course),
    "dataset_owner": (DATA_OWNER, _pk("datasets.Dataset")),
    "event": (INSTRUCTOR, _pk("events.Event")),
    "delete_event": (INSTRUCTOR, _pk("events.Event")),
    "courses:events:join": (LEARNER, lambda: [_field("events.Event")]),
    "courses:events:event": (LEARNER, lambda: [_field("events.Event")]),
    "course_package": (INSTRUCTOR, _course),
    "incoming_package": (INSTRUCTOR, _pk("courses.IncomingPackage")),
    "project_decide": (INSTRUCTOR, _pk("capstones.Project")),
    "capstones:project": (LEARNER, lambda: [_field("capstones.Capstone", "exercise__slug")]),
    "capstones:review": (PEER, _pk("capstones.Review", reviewer__email__startswith=f"{PEER}@")),
    "capstones:gallery_project": (VISITOR, _pk("capstones.Project", shared_at__isnull=False)),
    "verify:credential": (VISITOR, _holding),
    "verify:batch": (VISITOR, _pk("verification.Batch")),
    "certificates:holding": (LEARNER, _holding),
    "privacy:notice_version": (VISITOR, lambda: [_notice()]),
    "datasets:dataset": (VISITOR, lambda: [_field("datasets.Dataset")]),
    "courses:path": (VISITOR, lambda: [_field("courses.Path")]),
    "courses:topics": (LEARNER, lambda: [EXERCISE]),
    "courses:topic": (INSTRUCTOR, _topic),
    "courses:practice": (LEARNER, _pk("grading.Document", kind="practice")),
    "courses:exercise": (LEARNER, lambda: [EXERCISE]),
    "courses:source": (INSTRUCTOR, lambda: [EXERCISE]),
    "courses:submission": (LEARNER, _pk("grading.Submission", learner__email__startswith=f"{LEARNER}@")),
    "courses:quiz": (LEARNER, lambda: [QUIZ]),
    "courses:quiz_attempt": (LEARNER, _pk("grading.QuizAttempt", finished_at=None)),
}


def _field(label: str, name: str = "slug", **which: Any) -> str:
    rows = apps.get_model(label)._default_manager.filter(**which).order_by("pk")
    return str(_one(rows.values_list(name, flat=True)))


class NothingThere(LookupError):
    """The site has no row that this page could show."""


def _one(values: Any) -> Any:
    for value in values[:1]:
        return value
    raise NothingThere


def _notice() -> str:
    from lms.privacy import notice

    return str(notice.VERSION)


def patterns(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address that leads to code of ours, by its name; snippets are listed by ``snippets``."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            if not str(one.namespace or "").startswith("wagtailsnippet"):
                yield from patterns(one, space + (f"{one.namespace}:" if one.namespace else ""))
        elif one.lookup_str.startswith(OURS):
            yield f"{space}{one.name}", one


def needs(pattern: URLPattern) -> bool:
    return bool(pattern.pattern.regex.groups)


def walks() -> list[dict[str, str]]:
    """All that is to be opened: name, who, and the address in each language."""
    found = [*_of_code(), *_of_tree(), *_of_back_office()]
    return [one for n, one in enumerate(found) if one not in found[:n]]


def _walk(name: str, who: str, th: str, en: str = "") -> dict[str, str]:
    return {"name": name, "who": who, "th": th, "en": en or th}


def _of_code() -> Iterator[dict[str, str]]:
    for name, _pattern in patterns():
        if name in NO_PAGES:
            continue
        who, fill = FILLED.get(name, (WHOSE.get(name, ""), list))
        try:
            arguments = fill()
        except NothingThere:
            continue
        address = {}
        for language in ("th", "en"):
            with override(language):
                address[language] = reverse(name, args=arguments)
        if not who:
            kinds = (("/cms/", INSTRUCTOR), ("/my/", LEARNER))
            who = next((person for start, person in kinds if address["th"].startswith(start)), VISITOR)
        yield _walk(name, who, **address)


def _of_tree() -> Iterator[dict[str, str]]:
    """Each page of the tree with its translation, as a learner who is enrolled; the first of a kind as a visitor."""
    from wagtail.models import Page

    seen = set()
    for page in Page.objects.live().filter(locale__language_code="th", depth__gt=1).specific():
        english = page.get_translations().filter(locale__language_code="en", live=True).first()
        for who in (LEARNER, VISITOR) if type(page) not in seen else (LEARNER,):
            yield _walk(type(page).__name__, who, page.url, english.url if english else "")
        seen.add(type(page))


def _of_back_office() -> Iterator[dict[str, str]]:
    """The lists and forms of every snippet, and the pages of Wagtail's own in which authors work."""
    from wagtail.models import Page
    from wagtail.snippets.models import get_snippet_models

    for model in get_snippet_models():
        who = INSTRUCTOR if model._meta.app_label in {"grading", "datasets"} else OPERATOR
        who = OPERATOR if model._meta.model_name == "provider" else who
        views = model.snippet_viewset
        row = model._default_manager.order_by("pk").first()
        for view, arguments in {"list": [], "add": [], "edit": [row], "inspect": [row], "history": [row]}.items():
            if None in arguments or (view == "inspect" and not views.inspect_view_enabled):
                continue
            action = {"list": "view", "add": "add", "inspect": "view"}.get(view, "change")
            if not views.permission_policy.user_has_permission(person(who), action):
                continue
            with contextlib.suppress(NoReverseMatch):
                name = views.get_url_name(view)
                yield _walk(name, who, reverse(name, args=[one.pk for one in arguments]))
    edited = set()
    for page in Page.objects.filter(depth__gt=1, slug__in=WRITTEN).order_by("path").specific():
        address = reverse("wagtailadmin_pages:edit", args=[page.pk])
        # What is written in English is looked at in English.
        walk = _walk(f"edit {type(page).__name__}", INSTRUCTOR, address)
        walk |= {} if page.locale.language_code == "th" else {"th": ""}
        if (type(page), page.locale_id) not in edited:
            edited.add((type(page), page.locale_id))
            yield walk
    for name in ("wagtailadmin_explore", "wagtailadmin_pages:history"):
        yield _walk(name, INSTRUCTOR, reverse(name, args=_course()))
    for name in (
        "wagtailadmin_home",
        "wagtailimages:index",
        "wagtailimages:add_multiple",
        "wagtaildocs:index",
        "wagtailadmin_account",
        "wagtailadmin_pages:search",
        "wagtailadmin_reports:workflow",
    ):
        yield _walk(name, INSTRUCTOR, reverse(name))


# Of the course whose pages are edited: itself, a module, a lesson.
WRITTEN = ("da-201", "m1-reading", "b2")


def print_walks() -> None:
    """What a test outside reads: one line of JSON."""
    furnish()
    print("walks|" + json.dumps(walks()))
