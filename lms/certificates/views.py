"""A credential in its holder's hands: its files, what the public page shows, the links by which it is shared."""

from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lms.certificates import pictures, printing, sharing
from lms.certificates.forms import DisclosureForm, ShareForm
from lms.certificates.models import Design, Disclosure, ShareLink
from lms.credentials import exporting
from lms.credentials.baking import bake_png, bake_svg
from lms.credentials.models import Credential
from lms.credentials.numbers import NotANumber, from_number

# After this many seconds a page that waits for its PDF looks again.
LOOK_AGAIN_SECONDS = 2


def _private(response: HttpResponse) -> HttpResponse:
    """Not for search engines, not for anybody's cache, and its address not for the next site."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _credential(number: str) -> Credential:
    try:
        uid = from_number(number)
    except NotANumber as error:
        raise Http404 from error
    return get_object_or_404(Credential.objects.select_related("achievement__issuer"), pk=uid)


def _shared(request: HttpRequest, number: str) -> Credential:
    """The credential, for its holder or by an open share link; to anybody else there is no such address."""
    credential = _credential(number)
    if not sharing.may_have(request, credential):
        raise Http404
    return credential


def _own(request: HttpRequest, number: str) -> Credential:
    credential = _credential(number)
    if credential.learner_id != request.user.pk:
        raise Http404
    return credential


# --- Files ------------------------------------------------------------------------------------------------------------


def _file(content: bytes, credential: Credential, kind: str, media_type: str) -> HttpResponse:
    name = f"{credential.achievement.name} {credential.number[:9]}.{kind}"
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(True, name.replace("/", "-"))
    return _private(response)


@require_GET
def json_file(request: HttpRequest, number: str) -> HttpResponse:
    """The signed document, byte for byte."""
    credential = _shared(request, number)
    response = _file(credential.document.encode(), credential, "json", "application/json")
    # A file for machines has a name for machines.
    response["Content-Disposition"] = f'attachment; filename="credential-{credential.number}.json"'
    return response


@require_GET
def png_file(request: HttpRequest, number: str) -> HttpResponse:
    """The badge with the credential in it."""
    credential = _shared(request, number)
    texts, color = _badge(credential)
    baked = bake_png(pictures.badge_png(texts, color), credential.document)
    return _file(baked, credential, "png", "image/png")


@require_GET
def svg_file(request: HttpRequest, number: str) -> HttpResponse:
    """The badge with the credential in it, as a drawing."""
    credential = _shared(request, number)
    baked = bake_svg(pictures.badge_svg(*_badge(credential)), credential.document)
    return _file(baked.encode(), credential, "svg", "image/svg+xml")


def _badge(credential: Credential) -> tuple[list[pictures.Text], str]:
    design, document = printing.design_of(credential.achievement), credential.parsed()
    achievement = document["credentialSubject"]["achievement"]["name"]
    texts = pictures.badge_texts(
        design, issuer=document["issuer"]["name"], name_th=achievement, name_en=document["name"]
    )
    return texts, Design.Color(design.color).value


@require_GET
def pdf_file(request: HttpRequest, number: str) -> HttpResponse:
    """The certificate. Where it has not been made yet, a page that waits for it: 202, and it looks again by itself."""
    credential = _shared(request, number)
    certificate = printing.ask_for(credential)
    if certificate.pdf is not None:
        return _file(bytes(certificate.pdf), credential, "pdf", "application/pdf")
    response = render(
        request,
        "certificates/waiting.html",
        {"credential": credential, "certificate": certificate, "is_holder": credential.learner_id == request.user.pk},
        status=503 if certificate.has_failed else 202,
    )
    if not certificate.has_failed:
        response["Retry-After"] = str(LOOK_AGAIN_SECONDS)
        response["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return _private(response)


@require_GET
def jwt_file(request: HttpRequest, number: str) -> HttpResponse:
    """The credential as a JWT, for wallets. Where it has not been signed yet, a page that waits, as for the PDF."""
    credential = _shared(request, number)
    try:
        copy = exporting.ask_for(credential)
    except exporting.Withdrawn:
        return _private(_about_jwt(request, credential, "certificates/withdrawn.html", 410))
    if copy.token:
        response = _file(copy.token.encode(), credential, "jwt", "application/jwt")
        response["Content-Disposition"] = f'attachment; filename="credential-{credential.number}.jwt"'
        return response
    response = _about_jwt(request, credential, "certificates/signing.html", 202)
    response["Retry-After"] = str(LOOK_AGAIN_SECONDS)
    response["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return _private(response)


def _about_jwt(request: HttpRequest, credential: Credential, template: str, status: int) -> HttpResponse:
    context = {"credential": credential, "is_holder": credential.learner_id == request.user.pk}
    return render(request, template, context, status=status)


@require_GET
def share_picture(request: HttpRequest, number: str) -> HttpResponse:
    """What social media show of the public page, if the holder wants it. It says no more than that page does."""
    credential = _credential(number)
    disclosure = Disclosure.of(credential)
    if not disclosure.has_picture:
        raise Http404
    texts, color = _badge(credential)
    document = credential.parsed()
    data = pictures.share_picture(
        texts,
        color,
        name_th=document["credentialSubject"]["achievement"]["name"],
        name_en=document["name"],
        issuer=document["issuer"]["name"],
        holder=disclosure.holder,
    )
    response = HttpResponse(data, content_type="image/png")
    # Short: the holder may change their mind.
    response["Cache-Control"] = "public, max-age=300"
    response["X-Robots-Tag"] = "noindex"
    return response


# --- The holder's page ------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def holding(request: HttpRequest, number: str) -> HttpResponse:
    """One credential, for its holder: its files, and what others see of it."""
    credential = _own(request, number)
    disclosure = Disclosure.of(credential)
    form = DisclosureForm(request.POST if request.method == "POST" else None, instance=disclosure)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. The public page shows this from now on."))
        return redirect("certificates:holding", number=credential.number)
    status = 422 if request.method == "POST" else 200
    return _page(request, credential, disclosure_form=form, status=status)


@login_required
@require_POST
def share(request: HttpRequest, number: str) -> HttpResponse:
    """Makes a share link. Its address is shown on the page that answers, once."""
    credential = _own(request, number)
    form = ShareForm(request.POST, open_links=ShareLink.objects.filter(credential=credential).open().count())
    if not form.is_valid():
        return _page(request, credential, share_form=form, status=422)
    _link, token = ShareLink.make(credential, days=form.cleaned_data["days"], label=form.cleaned_data["label"])
    address = f"{settings.PUBLIC_URL}{credential.get_absolute_url()}?{urlencode({sharing.PARAMETER: token})}"
    return _page(request, credential, new_address=address)


@login_required
@require_POST
def end_share(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Ends a share link at once."""
    credential = _own(request, number)
    links = ShareLink.objects.filter(credential=credential)
    link = get_object_or_404(links, pk=pk)
    if links.open().filter(pk=link.pk).update(revoked_at=localtime()):
        messages.success(request, _("The link has been ended. Whoever opens it sees the public page only."))
    return redirect("certificates:holding", number=credential.number)


def _page(
    request: HttpRequest,
    credential: Credential,
    *,
    disclosure_form: DisclosureForm | None = None,
    share_form: ShareForm | None = None,
    new_address: str = "",
    status: int = 200,
) -> HttpResponse:
    disclosure = Disclosure.of(credential)
    context = {
        "credential": credential,
        "disclosure": disclosure,
        "disclosure_form": disclosure_form or DisclosureForm(instance=disclosure),
        "share_form": share_form or ShareForm(),
        "links": ShareLink.objects.filter(credential=credential)[:50],
        "new_address": new_address,
        "linkedin": _linkedin(credential),
        "public_address": settings.PUBLIC_URL + credential.get_absolute_url(),
    }
    return _private(render(request, "certificates/holding.html", context, status=status))


def _linkedin(credential: Credential) -> str:
    """LinkedIn's form for adding a certificate to a profile, filled in. Nothing is sent before the holder opens it."""
    issued: datetime = localtime(credential.issued_at)
    fields = {
        "startTask": "CERTIFICATION_NAME",
        "name": credential.achievement.name,
        "organizationName": credential.achievement.issuer.name,
        "issueYear": issued.year,
        "issueMonth": issued.month,
        "certUrl": settings.PUBLIC_URL + credential.get_absolute_url(),
        "certId": credential.number,
    }
    if credential.valid_until:
        until = localtime(credential.valid_until)
        fields |= {"expirationYear": until.year, "expirationMonth": until.month}
    return "https://www.linkedin.com/profile/add?" + urlencode(fields)
