"""Which key signs, and that nothing is signed which our own verifier would not accept. ``custody`` holds the keys."""

from lms.credentials import profile, proofs
from lms.credentials.custody import KeyUnavailable, custody
from lms.credentials.documents import Document
from lms.credentials.models import Issuer, IssuerKey


class NotOurProfile(Exception):
    """The document about to be signed breaks our own profile: a fault of ours, and nothing is signed."""


def signer_for(issuer: Issuer) -> tuple[IssuerKey, proofs.Signer]:
    """The issuer's newest key in use that this process holds, checked against the one that is published."""
    held = custody().signers(issuer.slug)
    for key in issuer.active_keys.select_related("issuer"):
        signer = held.get(key.key_id)
        if signer and signer.public_multikey == key.public_multikey:
            return key, signer
    raise KeyUnavailable(f"no published key of issuer {issuer.slug} is held here; run manage.py make_issuer_key")


def sign(document: Document, *, key: IssuerKey, signer: proofs.Signer, created: str) -> Document:
    """The signed document. NotOurProfile when it is not exactly what our verifier would accept."""
    if problem := profile.unsigned_problem(document):
        raise NotOurProfile(problem)
    signed = proofs.add_proof(document, signer=signer, verification_method=key.url, created=created)
    if problem := profile.problem(signed):
        raise NotOurProfile(problem)
    return signed
