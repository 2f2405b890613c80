"""Makes the PDF of a credential: once for each content, by a worker, never while somebody's request waits.

The row is the truth and a message a hint, as everywhere: a page that asks for a certificate writes a row, the worker
fills it, and a round on the clock finds what was lost.
"""

import hashlib
import json
import logging
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from lms.certificates import faces, pdf, pictures
from lms.certificates.models import Certificate, Design, Signatory
from lms.credentials import seals
from lms.credentials.models import Achievement, Credential

log = logging.getLogger(__name__)
STYLE = Path(settings.BASE_DIR, "lms", "static", "css", "certificate.css")
# Raised when what is drawn changes although no design did.
LAYOUT = 1
ASK_AGAIN = timedelta(seconds=60)
KEPT = timedelta(days=90)


def design_of(achievement: Achievement) -> Design:
    """The achievement's design, or the one that every achievement without its own has."""
    return Design.objects.filter(achievement=achievement).first() or Design(achievement=achievement)


def ask_for(credential: Credential) -> Certificate:
    """The certificate as it would be made today: made already, or in the making from now on."""
    # A first request makes a row; the worker is told after it is there.
    print_mark = fingerprint(credential)
    certificate, is_new = Certificate.objects.get_or_create(credential=credential, fingerprint=print_mark)
    stale = Certificate.objects.filter(pk=certificate.pk, made_at=None, asked_at__lt=timezone.now() - ASK_AGAIN)
    if is_new or stale.update(asked_at=timezone.now()):
        transaction.on_commit(lambda: _announce(certificate), robust=True)
    return certificate


def _announce(certificate: Certificate) -> None:
    from lms.certificates.tasks import make  # noqa: PLC0415 - the queue is above this

    make.delay(certificate.pk)


def fingerprint(credential: Credential) -> str:
    """Of everything that stands on the certificate."""
    design = design_of(credential.achievement)
    parts = {
        "document": credential.sha256,
        "design": [str(getattr(design, field.attname)) for field in Design._meta.concrete_fields if field.name != "id"],
        "signatories": [str([one.name_th, one.name_en, one.office_th, one.office_en]) for one in _signatories(design)],
        "seal": seals.fingerprint(),
        "site": settings.PUBLIC_URL,
        "style": hashlib.sha256(STYLE.read_bytes()).hexdigest(),
        "layout": LAYOUT,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _signatories(design: Design) -> list[Signatory]:
    return list(design.signatories.all()) if design.pk else []


def make(certificate: Certificate) -> bool:
    """Makes a certificate that was asked for; False when it is there already or was tried too often.

    Raises:
        seals.SealUnavailable: this process has no seal; nothing was written but the try.
    """
    waiting = Certificate.objects.filter(pk=certificate.pk, made_at=None, tries__lt=Certificate.MOST_TRIES)
    if not waiting.update(tries=F("tries") + 1):
        return False
    data = sealed_pdf(certificate.credential)
    # Of two workers the first one's file stays: what was downloaded once is what is downloaded again.
    return bool(Certificate.objects.filter(pk=certificate.pk, made_at=None).update(pdf=data, made_at=timezone.now()))


def make_waiting() -> int:
    """Makes what was asked for and not made, and lets go of what was made long ago."""
    Certificate.objects.filter(made_at__lt=timezone.now() - KEPT).delete()
    waiting = Certificate.objects.filter(made_at=None, tries__lt=Certificate.MOST_TRIES).select_related("credential")
    made = 0
    for certificate in waiting.order_by("asked_at")[:200]:
        try:
            made += make(certificate)
        except seals.SealUnavailable:
            raise
        except Exception:
            log.exception("a certificate could not be made", extra={"certificate": certificate.pk})
    return made


def sealed_pdf(credential: Credential) -> bytes:
    """The certificate of a credential: PDF/A-3 with the signed document attached byte for byte, sealed."""
    design = design_of(credential.achievement)
    address = address_of(credential)
    logo = design.attested_logo if design.pk else None
    given = {"qr.svg": (pictures.qr(address), "image/svg+xml")}
    if logo:
        given["logo.png"] = (pictures.logo(logo), "image/png")
    html = html_of(credential.parsed(), design, address=address, has_logo=logo is not None)
    file = pdf.File(
        name=seals.ATTACHMENT,
        content=credential.document,
        made_at=credential.issued_at,
        description="Open Badges 3.0 credential (JSON)",
    )
    unsealed = pdf.write(html, style=style_of(design), pictures=given, file=file)
    return seals.seal(unsealed, reason="Certificate made from a signed credential, which is attached")


def html_of(document: dict[str, object], design: Design, *, address: str, has_logo: bool) -> str:
    face = faces.face_of(document, design, address=address)
    with override(face.language):
        return render_to_string(
            "certificates/certificate.html",
            {"face": face, "logo": "given:logo.png" if has_logo else "", "qr": "given:qr.svg"},
        )


def style_of(design: Design) -> str:
    return STYLE.read_text(encoding="utf-8") + f"\n.certificate {{ --tone: {Design.Color(design.color).value}; }}"


def address_of(credential: Credential) -> str:
    """Where anybody verifies it; the same in every language."""
    with override(settings.LANGUAGE_CODE):
        return settings.PUBLIC_URL + reverse("verify:credential", args=[credential.number])
