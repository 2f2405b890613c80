"""A university far away that issues credentials of its own, and an authority that lists it."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from lms.credentials import documents, proofs, signing, status_list
from lms.credentials.custody import FileSigner
from lms.credentials.known_issuers import KnownKey
from lms.credentials.numbers import to_number
from lms.trust import registry
from tests.credentials.conftest import *  # noqa: F403 - fixtures
from tests.credentials.conftest import _fresh_counters  # noqa: F401 - a star leaves it out

DID = "did:web:university.example:issuers:rim-khong"
LIST = "https://university.example/status/1"


@dataclass
class Elsewhere:
    """Another body's issuer: its key, what it signs, its status list."""

    did: str = DID
    signer: FileSigner = field(default_factory=lambda: FileSigner(Ed25519PrivateKey.generate()))

    @property
    def key(self):
        return KnownKey(f"{self.did}#key-1", self.signer.public_multikey)

    def credential(self, *, index=7, email="namfon@example.go.th", name="นางสาวน้ำฝน ใจดี", valid_until=None, **more):
        now, uid = timezone.now().replace(microsecond=0), uuid.uuid4()
        texts = dict.fromkeys(
            ("name_th", "name_en", "description_th", "description_en", "criteria_th", "criteria_en"), "ผู้ดูแลข้อมูล"
        )
        document = documents.build(
            uid=uid,
            number=to_number(uid),
            issuer=documents.Issuer(
                self.did, "มหาวิทยาลัยสาธิตริมโขง", "Rim Khong University", "https://university.example"
            ),
            achievement=documents.Achievement(
                uid=uuid.uuid4(),
                **texts,
                hours="6",
                competencies=[
                    documents.Competency("TPQI", "2566", "DG-ENFB-035", "จัดการข้อมูล", "https://tpqi.example/33154", 3)
                ],
            ),
            holder=documents.Holder(uuid.uuid4(), name, email, "ab" * 16),
            status=documents.Status(LIST, index),
            percent="88",
            evidence=[documents.Evidence(uuid.uuid4(), "แบบฝึกหัด", "cd" * 32)],
            awarded_at=now - timedelta(days=3),
            valid_from=now - timedelta(days=3),
            valid_until=valid_until,
            **more,
        )
        return signing.sign(document, key=self.key, signer=self.signer, created=documents.timestamp(now))

    def status(self, revoked=(), *, age=timedelta(hours=1), issuer_did=""):
        now = timezone.now()
        document = status_list.build(
            url=LIST,
            issuer_did=issuer_did or self.did,
            revoked=revoked,
            valid_from=now - age,
            valid_until=now - age + timedelta(days=7),
        )
        return proofs.add_proof(
            document, signer=self.signer, verification_method=self.key.url, created=documents.timestamp(now)
        )

    def entry(self, **changes):
        key = {"id": "key-1", "publicKeyMultibase": self.signer.public_multikey}
        names = {"name_th": "มหาวิทยาลัยสาธิตริมโขง (ทะเบียน)", "name_en": "Rim Khong University (registry)"}
        return {"did": self.did, **names, "keys": [key], "statusLists": [LIST]} | changes


def draft(*issuers, serial=1, issued=None, expires=None):
    now = timezone.now()
    return json.dumps(
        {
            "type": "TrustedIssuers",
            "version": 1,
            "serial": serial,
            "issued": documents.timestamp(issued or now - timedelta(minutes=1)),
            "expires": documents.timestamp(expires or now + timedelta(days=90)),
            "issuers": list(issuers),
        },
        ensure_ascii=False,
    )


def as_bytes(document):
    return json.dumps(document, ensure_ascii=False).encode()


@pytest.fixture
def elsewhere():
    return Elsewhere()


@pytest.fixture
def authority(settings):
    """Whoever signs lists; believed here."""
    signer = FileSigner(Ed25519PrivateKey.generate())
    settings.TRUST_LIST_KEYS = [signer.public_multikey]
    return signer


@pytest.fixture
def trusted(db, elsewhere, authority):
    """The university is on the list, and its status list is here."""
    known = registry.take(registry.sign(draft(elsewhere.entry()), authority))
    registry.keep_status(as_bytes(elsewhere.status()), LIST, known.issuers[DID])
    return elsewhere
