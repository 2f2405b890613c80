"""Documents in the workbench: open, save, go back, hand over. And the tokens by which the workbench asks for them.

A token names one person and one document, says nothing else, and is good for minutes. The workbench cannot make one
and cannot read it: it shows each to the site (`grading.workbench_api`), which alone holds the key.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Length, Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from nbformat import NotebookNode

from grading import documents, notebooks
from grading.models import DataFile, Document, DocumentFile, DocumentVersion, Exercise, ExerciseVersion
from grading.prompts import release_bytes

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

TOKEN_SECONDS = 600
REFRESH_SECONDS = 300
# Within this, what is typed goes into one version.
VERSION_SPAN = timedelta(minutes=2)
MAX_VERSIONS = 100
MAX_PRACTICE_DOCUMENTS = 10
Reason = DocumentVersion.Reason
_SALT = "grading.workbench"
# Also good in the name of a websocket's subprotocol, where a colon is not.
_SEPARATOR = "~"


class DocumentRefused(Exception):
    """Something a document cannot be. ``code``: too_many (practice documents), file_name, file_too_big."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Stale(Exception):
    """The document is not what the caller took it for; ``sha256`` is what it is."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(sha256)


@dataclass(frozen=True, slots=True)
class Saved:
    """What is kept now. ``is_whole``: the largest outputs had not to be left out."""

    number: int
    sha256: str
    saved_at: datetime
    is_whole: bool = True


# --- Opening ---------------------------------------------------------------------------------------------------------


def open_exercise(exercise: Exercise, learner: "_User") -> Document:
    """The learner's document for an exercise, begun with its release. Raises ``PermissionDenied`` when it has none."""
    version = exercise.current
    if version is None:
        raise PermissionDenied
    return _opened(
        lambda: documents.started(release_of(version.pk)),
        kind=Document.Kind.EXERCISE,
        owner=learner,
        exercise=exercise,
        defaults={"version": version, "title": exercise.title_th},
    )


def open_source(exercise: Exercise, author: "_User") -> Document:
    """An author's draft of an exercise's notebook, begun with the newest version."""
    version = exercise.newest
    return _opened(
        lambda: _source_of(version),
        kind=Document.Kind.SOURCE,
        owner=author,
        exercise=exercise,
        defaults={"version": version, "title": exercise.title_th},
    )


def _source_of(version: ExerciseVersion | None) -> NotebookNode:
    return documents.started(bytes(version.source)) if version else documents.starter()


def save_source(document: Document, author: "_User", *, is_forced: bool = False) -> ExerciseVersion:
    """What is written becomes the exercise's next version, a draft; the newest one when nothing has changed in it.

    Raises:
        AuthorError: it cannot be an exercise; it says where and why.
        Stale: somebody made a version meanwhile that this was not written from; ``is_forced``: never mind.
    """
    exercise = document.exercise
    if exercise is None or document.kind != Document.Kind.SOURCE or document.owner_id != author.pk:
        raise PermissionDenied
    data = documents.without_outputs(notebook_bytes(document))
    source = notebooks.read_source(data)
    newest = exercise.newest
    if newest and newest.pk != document.version_id and not is_forced:
        raise Stale(newest.sha256)
    if newest and _says(notebooks.read_notebook(bytes(newest.source))) == _says(source.notebook):
        return newest
    version = exercise.add_version(
        source=data,
        max_score=source.max_score,
        files=newest.files.all() if newest else [],
        limits=newest.limits if newest else {},
        author=author,
        is_draft=True,
    )
    Document.objects.filter(pk=document.pk).update(version=version)
    return version


def _says(notebook: NotebookNode) -> list[Any]:
    """What counts of a source: cells with their marks, not the kernel that they were written with."""
    return [(cell.cell_type, cell.source, cell.metadata, cell.get("attachments")) for cell in notebook.cells]


def open_lesson(learner: "_User") -> Document:
    """What the kernel of a person's lessons belongs to. It stays empty: nothing that is tried there is kept."""
    return _opened(documents.empty, kind=Document.Kind.LESSON, owner=learner, defaults={})


def open_practice(learner: "_User", file_name: str, content: bytes) -> Document:
    """A new document to practise with data of one's own; deleted after WORKBENCH_PRACTICE_DAYS.

    Raises:
        DocumentRefused: the file's name or size will not do, or there are too many such documents.
    """
    if not file_name or len(file_name) > 150 or "/" in file_name or "\0" in file_name or file_name in (".", ".."):
        raise DocumentRefused("file_name")
    if len(content) > settings.WORKBENCH_PRACTICE_MAX_BYTES:
        raise DocumentRefused("file_too_big")
    with transaction.atomic():
        mine = Document.objects.select_for_update().filter(owner=learner, kind=Document.Kind.PRACTICE)
        if len(mine) >= MAX_PRACTICE_DOCUMENTS:
            raise DocumentRefused("too_many")
        document = Document.objects.create(
            kind=Document.Kind.PRACTICE,
            owner=learner,
            title=file_name,
            expires_at=timezone.now() + timedelta(days=settings.WORKBENCH_PRACTICE_DAYS),
        )
        DocumentFile.objects.create(document=document, name=file_name, content=content)
        text = _("This notebook and the file `{name}` are yours alone. They are deleted on {date}.").format(
            name=file_name, date=timezone.localdate(document.expires_at).isoformat()
        )
        _begin(document, documents.empty(documents.code_to_read(file_name, content), text=text))
    return document


def practice_of(learner: "_User") -> QuerySet[Document]:
    """A person's own practice documents, the newest first."""
    return Document.objects.filter(owner=learner, kind=Document.Kind.PRACTICE).order_by("-created_at")


def delete_expired() -> int:
    """Deletes the documents whose time is over, with their files; returns how many."""
    expired = Document.objects.filter(expires_at__lt=Now())
    count = expired.count()
    expired.delete()
    return count


def _opened(begin: Any, *, defaults: Mapping[str, Any], **key: Any) -> Document:
    document = Document.objects.filter(**key).first()
    if document is not None:
        return document
    try:
        with transaction.atomic():
            document = Document.objects.create(**key, **defaults)
            _begin(document, begin())
    except IntegrityError:  # opened twice at once
        return Document.objects.get(**key)
    return document


def _begin(document: Document, notebook: NotebookNode) -> None:
    document.versions.create(
        number=1,
        reason=Reason.STARTED,
        saved_at=timezone.now(),
        **DocumentVersion.fields_of(documents.write(notebook)),
    )


# A version never changes, so what is derived from it may be kept.
@lru_cache(maxsize=64)
def release_of(version_pk: int) -> bytes:
    """The notebook that learners are given of a version, as a file."""
    return release_bytes(bytes(ExerciseVersion.objects.get(pk=version_pk).source))


# --- Saving, and going back ------------------------------------------------------------------------------------------


def notebook_bytes(document: Document) -> bytes:
    """The document as it is saved: what is downloaded, and what is handed in."""
    return document.newest.notebook


def save(document: Document, notebook: bytes, *, sha256: str | None = None) -> Saved:
    """Keeps what the workbench sends: our cells as they were, outputs as far as there is room.

    ``sha256``: what the caller takes for the newest; None: whatever it is.

    Raises:
        NotebookRefused: no notebook, or larger than is kept.
        Stale: something else was saved meanwhile.
    """
    given = documents.read(notebook)
    if release := _release_of(document):
        given = documents.with_locked_cells(given, release)
    data = documents.write(given)
    return _keep(document, data, Reason.TYPED, expected=sha256, is_whole=len(data) >= len(notebook) // 2)


def versions(document: Document) -> QuerySet[DocumentVersion]:
    """What can be gone back to, the newest first, without contents."""
    return document.versions.order_by("-number").defer("packed")


def restore(document: Document, number: int) -> Saved:
    """An earlier version again, as a new one. Raises ``DocumentVersion.DoesNotExist``."""
    return _keep(document, document.versions.get(number=number).notebook, Reason.RESTORED)


def start_over(document: Document) -> Saved:
    """The document as it was when it was first opened; of an exercise its release, or its source, as it is now."""
    if document.kind == Document.Kind.EXERCISE and document.exercise and (version := document.exercise.current):
        Document.objects.filter(pk=document.pk).update(version=version)
        document.version = version
        data = documents.write(documents.started(release_of(version.pk)))
    elif document.kind == Document.Kind.SOURCE and document.exercise:
        newest = document.exercise.newest
        Document.objects.filter(pk=document.pk).update(version=newest)
        data = documents.write(_source_of(newest))
    else:
        data = document.versions.order_by("number")[:1].get().notebook
    return _keep(document, data, Reason.STARTED_OVER)


def reset_cell(document: Document, cell_id: str) -> Saved:
    """One cell as in the release. Raises ``KeyError`` when it is not one of ours."""
    release = _release_of(document)
    if release is None:
        raise KeyError(cell_id)
    notebook = documents.with_cell_reset(documents.read(notebook_bytes(document)), release, cell_id)
    return _keep(document, documents.write(notebook), Reason.CELL_RESET)


def is_outdated(document: Document) -> bool:
    """Has the exercise been corrected since?"""
    if document.kind != Document.Kind.EXERCISE or document.exercise is None:
        return False
    current = document.exercise.current
    return current is not None and current.pk != document.version_id


def take_new_release(document: Document) -> Saved:
    """The corrected exercise with the learner's answers in it. Raises ``NotebookRefused`` when none fits in it."""
    version = document.exercise and document.exercise.current
    if not version:
        raise PermissionDenied
    source = notebooks.read_source(bytes(version.source))
    answered = notebooks.assemble(source, notebooks.read_notebook(notebook_bytes(document))).notebook
    answered.metadata["kernelspec"] = documents.KERNELSPEC
    with transaction.atomic():
        Document.objects.filter(pk=document.pk).update(version=version)
        return _keep(document, documents.write(answered), Reason.NEW_RELEASE)


def _release_of(document: Document) -> NotebookNode | None:
    if document.kind != Document.Kind.EXERCISE or document.version_id is None:
        return None
    return documents.read(release_of(document.version_id))


def _keep(document: Document, data: bytes, reason: str, *, expected: str | None = None, is_whole: bool = True) -> Saved:
    fields = DocumentVersion.fields_of(data)
    now = timezone.now()
    with transaction.atomic():
        Document.objects.select_for_update().get(pk=document.pk)  # two tabs saving at once take turns
        newest = document.newest
        if fields["sha256"] == newest.sha256 and reason == Reason.TYPED:  # saved before, and the answer was lost
            return Saved(newest.number, newest.sha256, newest.saved_at, is_whole)
        if expected is not None and expected != newest.sha256:
            raise Stale(newest.sha256)
        # What was not typed on top of the newest stands beside it: perhaps that was somebody's in another tab.
        goes_on = expected is not None and reason == Reason.TYPED == newest.reason
        if goes_on and now - newest.created_at < VERSION_SPAN:
            document.versions.filter(pk=newest.pk).update(saved_at=now, **fields)
            return Saved(newest.number, fields["sha256"], now, is_whole)
        _pack_away(newest)
        number = newest.number + 1
        document.versions.create(number=number, reason=reason, saved_at=now, created_at=now, **fields)
        document.versions.filter(number__lte=number - MAX_VERSIONS).exclude(number=1).delete()
    return Saved(number, fields["sha256"], now, is_whole)


def _pack_away(version: DocumentVersion) -> None:
    """Pictures and tables make most of a notebook: a version that is only there to go back to does without."""
    fields = DocumentVersion.fields_of(documents.without_outputs(version.notebook))
    fields["sha256"] = version.sha256  # by which it was handed in
    DocumentVersion.objects.filter(pk=version.pk).update(**fields)


# --- Files that a kernel finds ---------------------------------------------------------------------------------------


def files_of(document: Document) -> list[tuple[str, int]]:
    """Names and sizes of what the document's kernel finds in its folder."""
    return [(file.name, file.size) for file in _files(document).annotate(size=Length("content")).defer("content")]


def file_content(document: Document, name: str) -> bytes:
    """One of these. Raises ``ObjectDoesNotExist``."""
    return bytes(_files(document).get(name=name).content)


def _files(document: Document) -> QuerySet[Any]:
    if document.kind == Document.Kind.PRACTICE:
        return document.files.all()
    visible = DataFile.objects.filter(version=document.version_id or 0)
    return visible if document.kind == Document.Kind.SOURCE else visible.filter(is_hidden=False)


# --- Tokens ----------------------------------------------------------------------------------------------------------


def frame_url(document: Document, language: str) -> str:
    """Where the page's frame begins. It says nothing secret: without a token nothing is loaded there."""
    return f"{settings.WORKBENCH_URL}/notebooks/{document.pk}.ipynb?language={'en' if language == 'en' else 'th'}"


def code_url(document: Document, language: str) -> str:
    """Where a frame begins that runs code of the page around it, without a notebook."""
    return f"{settings.WORKBENCH_URL}/code/{document.pk}?language={'en' if language == 'en' else 'th'}"


def token_for(document: Document, person: "_User") -> dict[str, Any]:
    """A token for the page, and when to ask for the next. Raises ``PermissionDenied`` for anybody but the owner."""
    if document.owner_id != person.pk or not person.is_active:
        raise PermissionDenied
    said = {"d": document.pk.hex, "o": person.pk, "s": _stamp_of(person)}
    token = _signer().sign_object(said)
    return {"token": token, "expires_in": TOKEN_SECONDS, "refresh_in": REFRESH_SECONDS}


def document_of(token: str) -> tuple[Document, int] | None:
    """The document that a token opens, and for how many more seconds; None for one that is none, or no more."""
    try:
        said = _signer().unsign_object(token, max_age=TOKEN_SECONDS)
        document = Document.objects.select_related("owner", "exercise").get(pk=uuid.UUID(said["d"]), owner=said["o"])
        stamp = said["s"]
        age = timezone.now() - _signed_at(token)
    except (signing.BadSignature, Document.DoesNotExist, ValueError, KeyError, TypeError, AttributeError):
        return None
    # Deactivated, or another password: as a session ends then, so does this.
    if not document.owner.is_active or not constant_time_compare(stamp, _stamp_of(document.owner)):
        return None
    return document, max(0, TOKEN_SECONDS - int(age.total_seconds()))


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=_SALT, sep=_SEPARATOR)


def _signed_at(token: str) -> datetime:
    seconds = signing.b62_decode(token.rsplit(_SEPARATOR, 2)[1])
    return datetime.fromtimestamp(seconds, tz=timezone.get_current_timezone())


def _stamp_of(person: "_User") -> str:
    return salted_hmac(_SALT, person.get_session_auth_hash(), algorithm="sha256").hexdigest()[:16]


def opaque(person: "_User") -> str:
    """What the workbench knows a person by: enough to count kernels, nothing to look up."""
    return salted_hmac(_SALT + ".person", str(person.pk), algorithm="sha256").hexdigest()[:32]
