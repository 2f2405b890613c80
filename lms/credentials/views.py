"""Verification for anybody, the document for its holder, and the issuers' identities for the world."""

import io
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import segno
from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from courses.packages import schema as packages
from lms.certificates import sharing
from lms.credentials import intake, profile, verifying
from lms.credentials.messages import Verdict
from lms.credentials.models import Issuer, StatusList, host_did, in_language
from lms.credentials.numbers import NotANumber, from_number, to_number
from lms.credentials.verifying import Verification
from lms.records import documents as records
from lms.templatetags.thai import thai_date, thai_datetime
from lms.trust.models import TrustList
from lms.verification import notes
from lms.verification.forms import NameForm


def private(response: HttpResponse) -> HttpResponse:
    """Not for search engines, and not for anybody's cache."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    return response


def too_often(request: HttpRequest) -> HttpResponse:
    response = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(intake.WINDOW_SECONDS)
    return private(response)


# --- Verifying --------------------------------------------------------------------------------------------------------


@require_GET
def credential(request: HttpRequest, number: str) -> HttpResponseBase:
    """What the QR code opens. Of the holder it shows what they decided, and by a share link of theirs the name."""
    if intake.is_too_often(request):
        return too_often(request)
    answer = verifying.verify_number(number)
    if answer.number and answer.number != number:
        return redirect("verify:credential", number=answer.number)
    status = HTTPStatus.NOT_FOUND if answer.reason in {"no_such_number", "not_a_number"} else status_of(answer)
    if answer.credential is None:
        return verdict_page(request, answer, status=status)
    shown = sharing.shown_to(request, answer.credential)
    return verdict_page(
        request,
        answer,
        status=status,
        holder=shown.holder,
        is_public=not shown.is_full,
        shown=shown,
        picture=_picture(shown, answer),
    )


def _picture(shown: sharing.Shown, answer: Verification) -> str:
    """The address of the picture for social media, if the holder wants one."""
    return settings.PUBLIC_URL + reverse("credentials:share_picture", args=[answer.number]) if shown.has_picture else ""


def status_of(answer: Verification) -> HTTPStatus:
    """An answer was given, or the question could not be read, or we are out of order."""
    match answer.verdict:
        case Verdict.COULD_NOT_CHECK:
            return HTTPStatus.SERVICE_UNAVAILABLE
        case Verdict.UNREADABLE:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if answer.reason == "too_large" else HTTPStatus.BAD_REQUEST
        case _:
            return HTTPStatus.OK


def verdict_page(
    request: HttpRequest, answer: Verification, *, status: int, holder: str = "", **more: Any
) -> HttpResponse:
    """``holder``: what may be said of them; ``more`` goes to the template."""
    context = {
        "answer": answer,
        "headline": in_language(*answer.headline),
        "message": in_language(*answer.message),
        "note": in_language(*notes.note_of(answer)),
        "lines": lines_of(answer),
        "holder": holder,
        "is_public": False,
        "name_form": NameForm(),
    }
    try:
        return private(render(request, "credentials/verdict.html", context | more, status=status))
    except DatabaseError:
        if answer.verdict is not Verdict.COULD_NOT_CHECK:
            raise
        # Not even the menu can be had. Whoever verifies must not take that for an answer about the credential.
        return private(render(request, "credentials/could_not_check.html", context, status=status))


@dataclass(frozen=True, slots=True)
class Line:
    """One of the four lines of a verdict: what was looked at, how it turned out, in words."""

    name: str
    ok: bool | None
    text: str

    @property
    def state(self) -> str:
        return {True: "ok", False: "bad", None: "open"}[self.ok]


def lines_of(answer: Verification) -> list[Line]:
    return [
        Line(_("Signature"), answer.signature_ok, _signature_text(answer)),
        Line(_("Issuer"), answer.issuer_ok, _issuer_text(answer)),
        Line(_("Status"), answer.status_ok, _status_text(answer)),
        Line(_("Validity"), answer.validity_ok, _validity_text(answer)),
    ]


def _signature_text(answer: Verification) -> str:
    if answer.signature_ok is None:
        return _("Not checked")
    if answer.signature_ok:
        return _("Right: nothing was changed since it was signed")
    return _("Does not fit this file")


def _issuer_text(answer: Verification) -> str:
    name = in_language(*answer.issuer_name)
    if answer.issuer_ok:
        return name
    if answer.issuer_ok is False:
        return _("Not in our register")
    return _("The file names “%(name)s”, but that is not proven") % {"name": name} if name else _("Not checked")


def _status_text(answer: Verification) -> str:
    revoked_at = answer.credential.revoked_at if answer.credential else None
    if revoked_at:
        return _("Revoked on %(date)s") % {"date": thai_date(revoked_at)}
    if answer.status_ok is None:
        return _("Not checked")
    if answer.status_ok:
        return _("Not revoked, as of %(time)s") % {"time": thai_datetime(answer.status_as_of or answer.as_of)}
    return _("Not in the register")


def _validity_text(answer: Verification) -> str:
    dates = {"start": thai_date(answer.valid_from), "end": thai_date(answer.valid_until)}
    if answer.validity_ok is None:
        return _("Not checked")
    if answer.valid_from and answer.valid_from > answer.as_of:
        return _("From %(start)s only") % dates
    if not answer.validity_ok:
        return _("Expired on %(end)s") % dates
    return _("From %(start)s until %(end)s") % dates if answer.valid_until else _("Since %(start)s, no expiry") % dates


@require_GET
@cache_control(public=True, max_age=86_400)
def qr(request: HttpRequest, number: str) -> HttpResponse:
    """The QR code of a credential's page, as SVG. It says nothing that the number does not."""
    try:
        canonical = to_number(from_number(number))
    except NotANumber as error:
        raise Http404 from error
    with override(settings.LANGUAGE_CODE):
        address = settings.PUBLIC_URL + reverse("verify:credential", args=[canonical])
    picture = io.BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="svg", xmldecl=False, scale=4, light="#fff")
    return HttpResponse(picture.getvalue(), content_type="image/svg+xml")


# --- Identities -------------------------------------------------------------------------------------------------------


def _did_response(body: dict[str, object]) -> JsonResponse:
    response = JsonResponse(body, content_type="application/did+json")
    # Public by nature; a verifier in a browser reads it from another origin.
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_GET
def did(request: HttpRequest) -> JsonResponse:
    """The identity of the site itself: it signs nothing, and says where its issuers' identities are."""
    me = host_did()
    services = [
        {
            "id": f"{me}#issuer-{issuer.slug}",
            "type": "Issuer",
            "serviceEndpoint": settings.PUBLIC_URL + reverse("credentials:issuer_did", args=[issuer.slug]),
        }
        for issuer in Issuer.objects.all()
    ]
    body: dict[str, object] = {"@context": ["https://www.w3.org/ns/did/v1"], "id": me}
    return _did_response(body | ({"service": services} if services else {}))


@require_GET
def issuer_did(request: HttpRequest, slug: str) -> JsonResponse:
    return _did_response(get_object_or_404(Issuer, slug=slug).did_document())


@require_GET
@cache_control(public=True, max_age=300)
def trusted_issuers(request: HttpRequest) -> HttpResponse:
    """The signed list of other issuers that are believed here, for whoever believes the same authority."""
    newest = TrustList.objects.first()
    if newest is None:
        raise Http404
    response = HttpResponse(newest.envelope, content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_GET
def status_list(request: HttpRequest, number: int) -> HttpResponse:
    """A signed status list, to be kept for minutes by whoever asks: it says nothing about a single person. One that is
    too old is served too: its own date says so, and no answer would say less."""
    one = get_object_or_404(StatusList.objects.exclude(document=""), pk=number)
    # Named so, and not application/vc: verifiers in use parse what is called JSON.
    response = HttpResponse(one.document, content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=300"
    response["Last-Modified"] = http_date(one.signed_at.timestamp()) if one.signed_at else ""
    return response


@require_GET
@cache_control(public=True, max_age=3600)
def schema(request: HttpRequest) -> JsonResponse:
    """The profile of our credentials, for whoever wants to check theirs as strictly as we do."""
    return _schema_response("credentials:schema", profile.SCHEMA)


@require_GET
@cache_control(public=True, max_age=3600)
def record_schema(request: HttpRequest) -> JsonResponse:
    """What a learning record looks like."""
    return _schema_response("credentials:record_schema", records.SCHEMA)


@require_GET
@cache_control(public=True, max_age=3600)
def package_schema(request: HttpRequest) -> JsonResponse:
    """What the manifest of a course package looks like."""
    return _schema_response("credentials:package_schema", packages.SCHEMA)


def _schema_response(name: str, found: dict[str, Any]) -> JsonResponse:
    address = settings.PUBLIC_URL + reverse(name)
    response = JsonResponse({"$id": address} | found, content_type="application/schema+json")
    response["Access-Control-Allow-Origin"] = "*"
    return response
