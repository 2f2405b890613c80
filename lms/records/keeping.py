"""One person's record: put together from what was issued here and brought along, and taken over from a file.

A file is believed in nothing. Of each entry only the signed credential counts: it is verified as anybody's is, it has
to be this person's (its salted hash of an e-mail address is that of an address they have confirmed), and the entry has
to say what follows from it.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.accounts.models import User
from lms.credentials import holder, profile, verifying
from lms.credentials.documents import urn
from lms.credentials.models import Credential
from lms.records import documents
from lms.records.models import ImportedCredential

Document = dict[str, Any]

OUTCOMES = {
    "taken": _("taken over"),
    "known": _("was in your record already"),
    "another_person": _("not taken: it was issued to another e-mail address than yours"),
    "altered": _("not taken: the entry does not say what its credential says"),
    "unknown_issuer": _("not taken: its issuer is not in the list of those believed here"),
    "not_valid": _("not taken: the credential in it is not valid"),
    "could_not_check": _("not taken: it could not be checked just now; try again later"),
}


class NotARecord(ValueError):
    """The file is no learning record; the text says where it leaves the schema."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry of a file."""

    name: str
    number: str
    code: str

    @property
    def words(self) -> str:
        return str(OUTCOMES[self.code])


def record_of(person: User) -> Document:
    """Everything that counts, as of now: what was withdrawn or replaced since is not in it."""
    return documents.build(
        site=settings.PUBLIC_URL,
        schema=settings.PUBLIC_URL + reverse("credentials:record_schema"),
        made=timezone.now(),
        name=person.get_full_name(),
        name_en=person.name_en,
        entries=[*_own(person), *_brought(person)],
    )


def _own(person: User) -> Iterator[Document]:
    held = Credential.objects.filter(learner=person, revoked_at=None, key__compromised_at=None)
    for one in held:
        yield documents.entry_of(one.parsed(), "expired" if one.state == "expired" else "valid")


def _brought(person: User) -> Iterator[Document]:
    for one in ImportedCredential.objects.filter(learner=person):
        # Its issuer may have withdrawn it since: it is asked each time, of what is known here.
        verdict = str(verifying.verify_file(one.document.encode()).verdict)
        if verdict in documents.STATUSES:
            yield documents.entry_of(one.parsed(), verdict)


def take_over(person: User, data: bytes) -> list[Outcome]:
    """Takes over what is this person's and valid in a record file; what became of each entry, in the file's order.

    Raises NotARecord.
    """
    record = _read(data)
    addresses = confirmed_addresses(person)
    return [_take(person, entry, addresses) for entry in record["entries"]]


def _read(data: bytes) -> Document:
    if len(data) > documents.MOST_BYTES:
        raise NotARecord("too_large")
    try:
        record = profile.parse(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, profile.Unreadable) as error:
        raise NotARecord("not_json") from error
    if problem := documents.problem(record):
        raise NotARecord(problem)
    return record


def confirmed_addresses(person: User) -> set[str]:
    """The addresses that are this person's: the one they log in by, and others they have confirmed."""
    others = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    return {person.email.lower(), *(one.lower() for one in others)}


def _take(person: User, entry: Document, addresses: set[str]) -> Outcome:
    document = entry["credential"]["document"]

    def outcome(code: str) -> Outcome:
        return Outcome(document["credentialSubject"]["achievement"]["name"], entry["credential"]["number"], code)

    answer = verifying.verify_file(json.dumps(document, ensure_ascii=False).encode())
    verdict = str(answer.verdict)
    if verdict in {"unknown_issuer", "could_not_check"}:
        return outcome(verdict)
    if verdict not in documents.STATUSES or answer.document is None:
        return outcome("not_valid")
    # The status is of the day the record was made; everything else follows from the credential.
    if documents.entry_of(document, entry["credential"]["status"]) != entry:
        return outcome("altered")
    if not _is_theirs(document, addresses):
        return outcome("another_person")
    uid = UUID(document["id"].removeprefix("urn:uuid:"))
    if Credential.objects.filter(pk=uid, learner=person).exists():
        return outcome("known")
    if answer.credential is not None:
        return outcome("another_person")
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    _imported, is_new = ImportedCredential.objects.get_or_create(learner=person, uid=uid, defaults={"document": text})
    return outcome("taken" if is_new else "known")


def _is_theirs(document: Document, addresses: set[str]) -> bool:
    identities = document["credentialSubject"]["identifier"]
    hashed = next(one for one in identities if one["identityType"] == "emailAddress")
    return hashed["identityHash"] in {holder.hash_email(address, hashed["salt"]) for address in addresses}


def totals(person: User, record: Document) -> dict[str, Any]:
    """How many hours this person's record shows, and in how many entries each competency stands. The hours of a stacked
    credential are those of its parts: where these are in the record too, they are counted once."""
    stacked = _stacked(person)
    hours = sum(
        _hours_beyond(entry, record["entries"], stacked.get(entry["credential"]["id"], set()))
        for entry in record["entries"]
    )
    units = Counter(
        (one["framework"], one["unit"], one["name"], one["level"])
        for entry in record["entries"]
        for one in entry["competencies"]
    )
    return {"hours": f"{hours:g}", "competencies": sorted(units.items(), key=lambda item: (item[0][0], item[0][1]))}


def _stacked(person: User) -> dict[str, set[str]]:
    """Of each stacked credential issued here what its parts attest, both as documents call them: a part that was
    replaced since still attests the same."""
    links = Credential.parts.through.objects.filter(from_credential__learner=person)
    found: dict[str, set[str]] = {}
    for uid, achievement in links.values_list("from_credential", "to_credential__achievement__uid"):
        found.setdefault(urn(uid), set()).add(urn(achievement))
    return found


def _hours_beyond(entry: Document, entries: list[Document], attested: set[str]) -> float:
    """The hours of an entry that no other entry it rests on has already."""
    named = {one["id"] for one in entry["evidence"]}
    parts = (
        other
        for other in entries
        if other["credential"]["id"] in named
        or other["credential"]["document"]["credentialSubject"]["achievement"]["id"] in attested
    )
    return max(float(entry["hours"] or 0) - sum(float(part["hours"] or 0) for part in parts), 0.0)
