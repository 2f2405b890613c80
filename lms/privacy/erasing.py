"""Erasing a person: asked for by themselves, done a few days later, so that a stolen session destroys nothing.

All rows of the inventory go with the account. Of each credential its random number stays, so that whoever checks it is
told that it was erased and not that it is forged; where its holder wants that, a digest stays too, and a file they
keep goes on verifying. Otherwise it is revoked first: a copy in other hands must not outlive its holder's wish.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.mail import send_mail
from django.db import connection, transaction
from django.db.models import ProtectedError, RestrictedError
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override
from wagtail.models import ModelLogEntry

from courses import discussing
from courses.events import taking_part
from lms.accounts.models import User
from lms.credentials import issuing
from lms.credentials.models import AuditEntry, Credential, StatusEntry
from lms.privacy.inventory import HOLDINGS
from lms.privacy.models import ErasedCredential, Erasure, ErasureRecord

log = logging.getLogger(__name__)
GRACE = timedelta(days=7)


def request(person: User, *, keeps_credentials: bool) -> Erasure:
    """Orders the erasure; asking again changes what is kept and not the day."""
    erasure, _is_new = Erasure.objects.update_or_create(
        person=person,
        defaults={"keeps_credentials": keeps_credentials},
        create_defaults={"keeps_credentials": keeps_credentials, "due_at": timezone.now() + GRACE},
    )
    return erasure


def withdraw(person: User) -> bool:
    """The person stays; False when no erasure was ordered."""
    deleted, _rows = Erasure.objects.filter(person=person).delete()
    return bool(deleted)


def erase_due() -> int:
    """Carries out what is due; how many. One that fails is tried again and keeps no other waiting."""
    done = 0
    for erasure in Erasure.objects.filter(due_at__lte=timezone.now()).select_related("person")[:100]:
        number = erasure.person.pk
        try:
            erase(erasure.person, keeps_credentials=erasure.keeps_credentials, requested_at=erasure.requested_at)
            done += 1
        except Exception:
            log.exception("erasure_failed", extra={"person": number})
    return done


def erase(person: User, *, keeps_credentials: bool, requested_at: datetime | None = None) -> ErasureRecord:
    """Erases a person now, and says so to them by e-mail, the last thing that address is used for."""
    address, name, language = person.email, person.get_full_name(), person.language
    rows = {one.model: count for one in HOLDINGS if (count := one.of(person).count())}
    files = [one.avatar.name for one in _avatars(person)]
    with transaction.atomic():
        for credential in Credential.objects.filter(learner=person).select_related("achievement__issuer", "key"):
            _reduce(credential, keeps=keeps_credentials)
        _forget_sessions(person)
        discussing.forget(person)
        taking_part.forget(person)
        ModelLogEntry.objects.filter(content_type=_user_type(), object_id=str(person.pk)).delete()
        is_nameless = not _delete(person)
        record = ErasureRecord.objects.create(requested_at=requested_at, rows=rows, is_nameless=is_nameless)
    for path in files:
        default_storage.delete(path)
    _tidy_database()
    _tell(address, name, language, keeps=keeps_credentials)
    # That mail lies in a folder too where no mail server is.
    _forget_mail(address, name)
    log.info("person_erased", extra={"record": record.pk})
    return record


def _reduce(credential: Credential, *, keeps: bool) -> None:
    if not keeps and credential.revoked_at is None:
        StatusEntry.objects.filter(credential=credential.pk, revoked_at=None).update(revoked_at=timezone.now())
        issuing.record(credential, AuditEntry.Action.REVOKED, reason=Credential.Reason.ON_REQUEST)
    proof = credential.parsed()["proof"][0]["proofValue"]
    ErasedCredential.objects.create(
        id=credential.pk,
        proof_sha256=digest_of(proof) if keeps else "",
        issuer=credential.achievement.issuer,
        key=credential.key,
        is_revoked=not keeps or credential.revoked_at is not None,
        issued_at=credential.issued_at,
    )


def digest_of(proof_value: str) -> str:
    return hashlib.sha256(proof_value.encode()).hexdigest()


def _delete(person: User) -> bool:
    """Deletes the account with all that hangs on it; False when others' rows need it to stay, nameless."""
    try:
        with transaction.atomic():
            person.delete()
    except (ProtectedError, RestrictedError):
        for holding in HOLDINGS:
            if holding.owner:
                holding.of(person).delete()
        _strip(person)
        return False
    return True


def _strip(person: User) -> None:
    person.email = f"erased-{person.pk}@erased.invalid"
    person.title = person.family_name = person.name_en = ""
    person.given_name = "–"
    person.is_active = person.is_staff = person.is_superuser = False
    person.last_login = None
    person.set_unusable_password()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()


def _avatars(person: User) -> list[Any]:
    profile = getattr(person, "wagtail_userprofile", None)
    return [profile] if profile and profile.avatar else []


def _user_type() -> ContentType:
    return ContentType.objects.get_for_model(User)


def _forget_sessions(person: User) -> None:
    own = [
        session.pk
        for session in Session.objects.iterator(chunk_size=500)
        if str(session.get_decoded().get("_auth_user_id")) == str(person.pk)
    ]
    Session.objects.filter(pk__in=own).delete()


def _forget_mail(address: str, name: str) -> None:
    """Where no mail server is, mails lie in a folder: those to the person go, and those to others that name them."""
    folder = settings.MAILERS["default"].get("OPTIONS", {}).get("file_path")
    # One word alone is in many a letter.
    wanted = [address, name] if " " in name else [address]
    for path in Path(folder).glob("*") if folder and Path(folder).is_dir() else ():
        if path.is_file():
            raw = path.read_bytes()
            text = raw.decode(errors="replace") + _text_of(raw)
            if any(words in text for words in wanted):
                path.unlink()


def _text_of(mail: bytes) -> str:
    """What is written in a mail: on its way Thai letters are coded."""
    parsed = message_from_bytes(mail, policy=policy.default)
    bodies = [part.get_payload(decode=True) for part in parsed.walk()]
    texts = [body.decode(errors="replace") for body in bodies if isinstance(body, bytes)]
    return "\n".join([str(parsed["subject"]), *texts])


def _tidy_database() -> None:
    """SQLite writes over what was deleted (secure_delete); its log still has it until it is written back."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _tell(address: str, name: str, language: str, *, keeps: bool) -> None:
    with override(language):
        text = render_to_string("privacy/erased_email.txt", {"name": name, "keeps": keeps})
        try:
            send_mail(gettext("Your account and your data have been erased"), text, None, [address])
        except OSError:
            log.warning("the mail about an erasure was not sent")
