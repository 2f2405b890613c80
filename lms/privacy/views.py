"""The privacy notice for everybody, and what each person decides about their own data."""

import tempfile
from http import HTTPStatus
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lms.accounts.models import User
from lms.credentials.views import private
from lms.privacy import consenting, erasing, exporting, inventory
from lms.privacy import notice as notices
from lms.privacy.forms import ConsentForm, ErasureForm
from lms.privacy.models import Acknowledgement, Erasure
from lms.privacy.retention import RULES
from lms.verification.limits import Limit

EXPORTS = Limit("privacy-exports", 5, 3600)
PASSWORDS = Limit("privacy-passwords", 10, 3600, is_strict=True)


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_GET
def notice(request: HttpRequest, version: str = notices.VERSION) -> HttpResponse:
    """One version of the notice, the current one unless another is asked for."""
    if version not in notices.VERSIONS:
        raise Http404
    if request.user.is_authenticated and version == notices.VERSION:
        notices.acknowledge(_person(request))
        notices.is_seen(request)
    language = "en" if (get_language() or "").startswith("en") else "th"
    context = {
        "text": f"privacy/notices/{version}.{language}.html",
        "version": version,
        "is_current": version == notices.VERSION,
        "others": [one for one in notices.VERSIONS if one != version],
    }
    return render(request, "privacy/notice.html", context)


@require_GET
def data(request: HttpRequest) -> HttpResponse:
    """Every field about a person, with purpose, ground and retention."""
    return render(request, "privacy/data.html", {"kinds": inventory.by_kind(), "rules": RULES})


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    person = _person(request)
    context = {
        "seen": Acknowledgement.objects.filter(person=person).first(),
        "consent_form": ConsentForm(initial={"purposes": sorted(consenting.given_by(person))}),
        "erasure_form": ErasureForm(person=person),
        "erasure": Erasure.objects.filter(person=person).first(),
        "grace_days": erasing.GRACE.days,
    }
    return private(render(request, "privacy/mine.html", context | more, status=status))


@login_required
@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return _page(request, consent_form=form, status=422)
    consenting.decide(_person(request), set(form.cleaned_data["purposes"]))
    messages.success(request, _("Saved. It holds from now on; you can change it at any time."))
    return redirect("privacy:mine")


@login_required
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """All of the person's data, at once."""
    person = _person(request)
    if EXPORTS.is_used_up(str(person.pk)):
        return private(render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS))
    # On disk once it is large, and gone with the answer.
    target = tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024)  # noqa: SIM115 - closed by the response
    exporting.write(person, target)
    target.seek(0)
    response = FileResponse(target, content_type="application/zip")
    name = _("my-data")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}-{timezone.localdate()}.zip")
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Orders the erasure of one's own account."""
    person = _person(request)
    if PASSWORDS.is_used_up(str(person.pk)):
        return private(render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS))
    form = ErasureForm(request.POST, person=person)
    if not form.is_valid():
        return _page(request, erasure_form=form, status=422)
    erasing.request(person, keeps_credentials=form.cleaned_data["keeps_credentials"])
    messages.success(request, _("Your account will be erased. Until then you can change your mind here."))
    return redirect("privacy:mine")


@login_required
@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """Takes the order back."""
    if erasing.withdraw(_person(request)):
        messages.success(request, _("Nothing will be erased."))
    return redirect("privacy:mine")
