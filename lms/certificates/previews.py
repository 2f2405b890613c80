"""What a design's editors see while they write: its certificate and its badge, of nobody and for nothing."""

import base64
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from lms.certificates import faces, pictures
from lms.certificates.models import Design
from lms.credentials import documents
from lms.credentials.models import Achievement, IssuerKey

SAMPLE_NUMBER = "0000-0000-0000-0000-0000-0000-0000"
SAMPLE_HOLDER = "นางสาวน้ำฝน ตัวอย่างนาม"


def serve(request: HttpRequest, design: Design, mode: str) -> HttpResponse:
    """The design as it is in the form right now."""
    if mode == "badge":
        return HttpResponse(badge(design), content_type="image/svg+xml")
    with override(settings.LANGUAGE_CODE):
        address = settings.PUBLIC_URL + reverse("verify:credential", args=[SAMPLE_NUMBER])
    # Until somebody can sign, nothing that is shown here may look like something that was.
    is_sample = not IssuerKey.objects.filter(issuer=design.achievement.issuer, retired_at=None).exists()
    face = faces.face_of(sample_document(design.achievement), design, address=address, is_sample=is_sample)
    context = {
        "face": face,
        "color": Design.Color(design.color).value,
        "logo": design.logo.get_rendition("max-900x360").url if design.logo and design.is_logo_attested else "",
        "qr": "data:image/svg+xml;base64," + base64.b64encode(pictures.qr(address)).decode(),
    }
    with override(face.language):
        return render(request, "certificates/preview.html", context)


def badge(design: Design) -> str:
    achievement = design.achievement
    texts = pictures.badge_texts(
        design, issuer=achievement.issuer.name_th, name_th=achievement.name_th, name_en=achievement.name_en
    )
    return pictures.badge_svg(texts, Design.Color(design.color).value)


def sample_document(achievement: Achievement) -> dict[str, Any]:
    """As much of a credential as a certificate shows, of somebody who does not exist."""
    now = timezone.now()
    until = achievement.valid_until(now)
    facts = achievement.facts()
    dates = {"awardedDate": documents.timestamp(now), "validFrom": documents.timestamp(now)}
    return {
        "name": facts.name_en,
        "issuer": {"name": achievement.issuer.name_th, "description": achievement.issuer.name_en},
        **dates,
        **({"validUntil": documents.timestamp(until)} if until else {}),
        "credentialSubject": {
            "licenseNumber": SAMPLE_NUMBER,
            "identifier": [{"identityHash": SAMPLE_HOLDER, "identityType": "name"}],
            "result": [
                # One that rests on other credentials alone has no score.
                *([{"resultDescription": "#percent", "value": "92"}] if achievement.requirements.exists() else []),
                {"resultDescription": "#hours", "value": facts.hours},
            ],
            "achievement": {
                "name": facts.name_th,
                "alignment": [
                    {"targetFramework": f"{it.framework} {it.version}", "targetCode": it.code, "targetName": it.name}
                    for it in facts.competencies
                ],
            },
        },
    }
