"""Every place where something about a person is kept: what, what for, on which ground, for how long.

One list for four uses: the public page, the export, the erasure, and the test that compares it with the models. A new
model, or a new field of one that is listed, has to be put here before the tests pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of all data of one kind."""

    title: Words
    purpose: Words
    ground: Words
    retention: Words


PUBLIC_TASK = _("a task in the public interest: training of government staff and of the public")
CONSENT = _("consent, given for each purpose and taken back at any time")
SECURITY = _("the security of the service")
WHILE_ACCOUNT = _("as long as the account; erased with it")


class Kind(Enum):
    ACCOUNT = Facts(
        _("Account"), _("to log in, to write to you, to put your name on credentials"), PUBLIC_TASK, WHILE_ACCOUNT
    )
    LEARNING = Facts(
        _("Learning"),
        _("to show progress, to grade what is handed in, to answer appeals"),
        PUBLIC_TASK,
        _("as long as the account; rehearsals 30 days, practice notebooks as long as set when they are made"),
    )
    CREDENTIAL = Facts(
        _("Credentials"),
        _("to attest what was achieved, and to let others verify it"),
        PUBLIC_TASK,
        _("as long as the account; after erasure the number, and a digest if you wanted that"),
    )
    CHOICE = Facts(
        _("Choices"),
        _("to act on what you decided: consent, sharing, who may ask for your record"),
        CONSENT,
        _("as long as the account; links and tokens one year after their end, deliveries five years"),
    )
    STAFF = Facts(
        _("Work in the back office"),
        _("to let those who write and run courses work together, and to know who decided what"),
        PUBLIC_TASK,
        WHILE_ACCOUNT,
    )
    TECHNICAL = Facts(_("Technical"), _("to keep you logged in"), SECURITY, _("until logout, two weeks at most"))


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows of ``model`` are about the person at ``owner``; ``withheld`` fields are secrets, or somebody else's."""

    model: str
    owner: str
    kind: Kind
    fields: str
    withheld: str = ""

    @property
    def rows(self) -> type[models.Model]:
        found: type[models.Model] = apps.get_model(self.model)
        return found

    def of(self, person: Any) -> "models.QuerySet[Any]":
        """What is held of this person."""
        manager = self.rows._default_manager
        return manager.filter(**{self.owner or "pk": person.pk if not self.owner else person})

    def shown(self) -> list[str]:
        """The fields that the person gets to see."""
        return [name for name in self.fields.split() if name not in self.withheld.split()]


LEASES = "due_at announced_at lease leased_until"
HOLDINGS = (
    Holding(
        "accounts.User", "", Kind.ACCOUNT,
        "id password last_login is_superuser email title given_name family_name name_en language identity_level "
        "is_staff is_active date_joined",
        "password",
    ),
    Holding("account.EmailAddress", "user", Kind.ACCOUNT, "id user email verified primary"),
    Holding(
        "account.EmailConfirmation", "email_address__user", Kind.ACCOUNT, "id email_address created sent key", "key"
    ),
    Holding("accounts.IdentityCheck", "person", Kind.ACCOUNT, "id person level name grounds checked_by checked_at"),
    Holding("privacy.Acknowledgement", "person", Kind.CHOICE, "id person version seen_at"),
    Holding("privacy.Consent", "person", Kind.CHOICE, "id person purpose notice given_at withdrawn_at"),
    Holding("privacy.Erasure", "person", Kind.CHOICE, "id person requested_at due_at keeps_credentials"),
    Holding("courses.Enrollment", "learner", Kind.LEARNING, "id learner course_key enrolled_at"),
    Holding("courses.LessonCompletion", "learner", Kind.LEARNING, "id learner lesson_key completed_at"),
    Holding("courses.Presence", "learner", Kind.LEARNING, "id learner last_at"),
    Holding("courses.ActiveTime", "learner", Kind.LEARNING, "id learner course_key day seconds"),
    Holding("courses.CohortMember", "learner", Kind.LEARNING, "id cohort learner joined_at"),
    Holding("events.TeamMember", "person", Kind.LEARNING, "id event team person joined_at told_at"),
    Holding("courses.ChosenPath", "learner", Kind.LEARNING, "id learner path chosen_at"),
    Holding("courses.SelfAssessment", "learner", Kind.LEARNING, "id learner competency level assessed_at"),
    Holding("courses.Reminder", "learner", Kind.LEARNING, "id due_date learner due_on days sent_at"),
    Holding(
        "courses.Post", "author", Kind.LEARNING,
        "id exercise topic author title text is_solution answer created_at edited_at taken_back_at hidden_at hidden_by "
        "hidden_reason",
    ),
    Holding("courses.PostReport", "reporter", Kind.LEARNING, "id post reporter reason created_at settled_at"),
    Holding("courses.UnwantedLetter", "reader", Kind.CHOICE, "id reader kind"),
    Holding(
        "capstones.Project", "learner", Kind.LEARNING,
        "id capstone learner submission title summary rubric sent_at review_until withdrawn_at told_at levels comment "
        "decided_at decided_by shared_at shows_name hidden_at hidden_by hidden_reason",
    ),
    # Whose project it was that one reviewed stays unsaid; what it was called is in the review's page.
    Holding(
        "capstones.Review", "reviewer", Kind.LEARNING,
        "id project reviewer assigned_at due_at opened_at levels comment sent_at released_at reminded_at hidden_at",
    ),
    Holding(
        "grading.Submission", "learner", Kind.LEARNING,
        "id exercise version learner attempt notebook filename sha256 status late_days late_percent message detail "
        f"tries {LEASES} submitted_at started_at finished_at",
        f"detail {LEASES}",
    ),
    Holding(
        "grading.Grade", "submission__learner", Kind.LEARNING,
        "id submission version round origin author reason score max_score late_percent run_status checks found "
        "feedback_html usage is_isolated is_waiting created_at",
        "checks found usage",  # they name hidden checks; what the learner reads is the feedback
    ),
    Holding(
        "grading.Verdict", "grade__submission__learner", Kind.LEARNING, "id grade record key_id signature created_at",
        "record",
    ),
    Holding(
        "grading.Judgement", "submission__learner", Kind.LEARNING,
        "id submission check_id kind points comment rubric reason reviewer created_at withdrawn_at",
    ),
    Holding(
        "grading.Appeal", "learner", Kind.LEARNING,
        "id submission learner check_id text status answer answered_by created_at answered_at withdrawn_at",
    ),
    Holding(
        "grading.Extension", "learner", Kind.LEARNING,
        "id exercise learner due_at extra_attempts reason granted_by created_at",
    ),
    Holding(
        "grading.Rehearsal", "learner", Kind.LEARNING,
        f"id status detail tries {LEASES} created_at started_at finished_at exercise version learner notebook feedback "
        "refusal",
        f"detail {LEASES}",
    ),
    Holding(
        "grading.RegradeItem", "submission__learner", Kind.LEARNING,
        "id regrade submission before status tries outcome seal_key_id seal score_after max_after is_isolated_after "
        "message detail after withdrawn",
        "outcome seal detail",
    ),
    # What was alike stands beside another person's work: that there was a comparison is shown, not the passages.
    Holding(
        "grading.SimilarPair", "first__learner", Kind.LEARNING, "id report first second share passages",
        "second passages",
    ),
    Holding("grading.Document", "owner", Kind.LEARNING, "id kind owner exercise version title created_at expires_at"),
    Holding(
        "grading.DocumentVersion", "document__owner", Kind.LEARNING,
        "id document number reason packed sha256 size created_at saved_at",
    ),
    Holding("grading.DocumentFile", "document__owner", Kind.LEARNING, "id document name content"),
    Holding(
        "grading.QuizAttempt", "learner", Kind.LEARNING,
        "id quiz learner number seed paper answers saves saved_at started_at ends_at finished_at is_closed_by_clock "
        "points score max_score",
        "seed paper",  # the paper holds the right answers
    ),
    Holding("credentials.Subject", "learner", Kind.CREDENTIAL, "uid issuer learner"),
    Holding(
        "credentials.Credential", "learner", Kind.CREDENTIAL,
        "id achievement learner key document holder_name holder_initials issued_at valid_until revoked_at "
        "revocation_reason status_entry awarded_at",
    ),
    Holding("credentials.JwtCopy", "credential__learner", Kind.CREDENTIAL, "id credential key token asked_at"),
    Holding(
        "credentials.Replacement", "old__learner", Kind.CREDENTIAL,
        "id old new reason ordered_by ordered_at done_at problem",
        "problem",
    ),
    Holding(
        "credentials.Award", "learner", Kind.CREDENTIAL,
        "id uid achievement learner grounds requested_by requested_at decision decided_by decided_at credential "
        "issued_at",
    ),
    Holding(
        "certificates.Certificate", "credential__learner", Kind.CREDENTIAL,
        "id credential fingerprint pdf asked_at made_at tries",
    ),
    Holding("certificates.Disclosure", "credential__learner", Kind.CHOICE, "id credential shows has_picture"),
    Holding(
        "certificates.ShareLink", "credential__learner", Kind.CHOICE,
        "id credential token_sha256 label created_at expires_at revoked_at",
        "token_sha256",
    ),
    Holding("records.ImportedCredential", "learner", Kind.CREDENTIAL, "id learner uid document imported_at"),
    Holding(
        "records.RecordAccess", "learner", Kind.CHOICE,
        "id learner label token_sha256 created_at expires_at revoked_at used_at",
        "token_sha256",
    ),
    Holding("records.Delivery", "learner", Kind.CHOICE, "id learner platform sent_at receipt problem"),
    Holding(
        "wagtailusers.UserProfile", "user", Kind.STAFF,
        "id user submitted_notifications approved_notifications rejected_notifications updated_comments_notifications "
        "preferred_language current_time_zone avatar dismissibles theme contrast density keyboard_shortcuts",
    ),
    Holding(
        "wagtailadmin.EditingSession", "user", Kind.STAFF, "id user content_type object_id last_seen_at is_editing"
    ),
    Holding(
        "wagtailadmin.FormState", "user", Kind.STAFF,
        "id data user content_type object_id parent_object_id last_updated_at",
    ),
    Holding(
        "wagtailcore.APIToken", "user", Kind.STAFF, "id user name key_hash prefix created revoked_at last_used_at",
        "key_hash",
    ),
    Holding(
        "wagtailcore.Comment", "user", Kind.STAFF,
        "id page user text contentpath position created_at updated_at revision_created resolved_at resolved_by",
    ),
    Holding("wagtailcore.CommentReply", "user", Kind.STAFF, "id comment user text created_at updated_at"),
    Holding(
        "courses.IncomingPackage", "uploaded_by", Kind.STAFF,
        "id name content sha256 uploaded_by uploaded_at course_key",
        "content",  # a course, and nothing about the person
    ),
    Holding("grading.ProviderMember", "person", Kind.STAFF, "id provider person role"),
    Holding("wagtailcore.PageSubscription", "user", Kind.STAFF, "id user page comment_notifications"),
)  # fmt: skip

# Rows about no person in particular that name who made or decided something. They stay; the name goes with the account.
ACTORS = {
    "certificates.LogoAttestation": "attested_by",
    "courses.Cohort": "created_by",
    "courses.CourseIndexPage": "locked_by owner",
    "courses.CoursePage": "locked_by owner",
    "courses.HomePage": "locked_by owner",
    "courses.LessonPage": "locked_by owner",
    "courses.ModulePage": "locked_by owner",
    "credentials.AuditEntry": "actor",
    "credentials.KeyEvent": "actor",
    "datasets.Dataset": "asked_by signed_off_by",
    "events.Event": "created_by",
    "grading.AuditEntry": "actor",
    "grading.ExerciseVersion": "author",
    "grading.QuizItemVersion": "author",
    "grading.Regrade": "author decided_by",
    "grading.SimilarityReport": "author",
    "wagtail_localize.SegmentOverride": "last_translated_by",
    "wagtail_localize.StringTranslation": "last_translated_by",
    "wagtailcore.ModelLogEntry": "user",
    "wagtailcore.Page": "locked_by owner",
    "wagtailcore.PageLogEntry": "user",
    "wagtailcore.Revision": "user",
    "wagtailcore.TaskState": "finished_by",
    "wagtailcore.UploadedFile": "uploaded_by_user",
    "wagtailcore.WorkflowState": "requested_by",
    "wagtaildocs.Document": "uploaded_by_user",
    "wagtailimages.Image": "uploaded_by_user",
}

# Whole models without a person in them, by application, and why a field that looks like one is none.
NOBODY = {
    "auth": "Permission Group",
    "capstones": "Capstone",
    "certificates": "Design Signatory",
    "contenttypes": "ContentType",
    "courses": "DueDate Framework Competency CourseCompetency Role RoleTarget Path PathStep Prerequisite "
    "SecondPersonTask",
    "credentials": "Issuer IssuerKey StatusList StatusEntry Partner Achievement Requirement QuizRequirement "
    "CredentialRequirement Competency",
    "datasets": "DatasetFile DatasetUse",
    "events": "Challenge Team",
    "grading": "Provider Exercise DataFile PreflightReport ItemBank QuizItem Quiz QuizDraw",
    "privacy": "ErasedCredential ErasureRecord",
    # Sessions hold a number; they are deleted with the account. Batches hold what strangers sent, for hours.
    "sessions": "Session",
    "taggit": "Tag TaggedItem",
    "trust": "TrustList StatusCopy",
    "verification": "Batch OfflineBundle BatchPart",
    "wagtail_localize": "TranslatableObject TranslationSource Translation TranslationLog String TranslationContext "
    "Template StringSegment TemplateSegment RelatedObjectSegment OverridableSegment LocaleSynchronization",
    "wagtailadmin": "Admin",
    "wagtailcore": "Locale Site GroupSitePermission CollectionViewRestriction Collection GroupCollectionPermission "
    "WorkflowContentType Workflow WorkflowTask Task GroupApprovalTask GroupPagePermission PageViewRestriction "
    "WorkflowPage ReferenceIndex",
    "wagtailembeds": "Embed",
    "wagtailimages": "Rendition",
    "wagtailredirects": "Redirect",
    "wagtailsearch": "IndexEntry SQLiteFTSIndexEntry",
}


def by_kind() -> list[tuple[Kind, list[Holding]]]:
    """The list as people read it."""
    return [(kind, [one for one in HOLDINGS if one.kind is kind]) for kind in Kind]


def gaps() -> Iterator[str]:
    """Where the list and the models differ, a line each."""
    listed = {one.model: one for one in HOLDINGS}
    nobody = {f"{app}.{name}" for app, names in NOBODY.items() for name in names.split()}
    known = {*listed, *ACTORS, *nobody}
    for model in apps.get_models():
        label = model._meta.label
        naming = sorted(_naming(model))
        fields = sorted(field.name for field in model._meta.concrete_fields)
        if label in listed:
            told = sorted(listed[label].fields.split())
            if told != fields:
                yield f"{label}: listed {_less(told, fields)}, not listed {_less(fields, told)}"
        elif label in ACTORS:
            if naming != sorted(ACTORS[label].split()):
                yield f"{label}: names people in {naming}"
        elif label not in nobody:
            yield f"{label}: is not in the inventory"
        elif naming:
            yield f"{label}: is listed as nobody's and names people in {naming}"
    # The search keeps its words in a table of its own on SQLite only.
    there = {model._meta.label for model in apps.get_models()} | {"wagtailsearch.SQLiteFTSIndexEntry"}
    for label in sorted(known - there):
        yield f"{label}: is in the inventory and no model"


def _naming(model: type[models.Model]) -> Iterator[str]:
    """Fields that point at a person, or hold an address."""
    for field in model._meta.concrete_fields:
        is_person = field.related_model is not None and getattr(field.related_model, "__name__", "") == "User"
        if is_person or isinstance(field, models.EmailField | models.GenericIPAddressField):
            yield field.name


def _less(some: list[str], others: list[str]) -> list[str]:
    return [name for name in some if name not in others]
