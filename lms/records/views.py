"""One's own learning record: to read, to take out, to bring along, to let others have."""

import json
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lms.accounts.models import User
from lms.credentials.views import private
from lms.privacy import consenting
from lms.privacy.models import Consent
from lms.records import keeping, tables
from lms.records.forms import AccessForm, TakeOverForm
from lms.records.models import Delivery, ImportedCredential, RecordAccess
from lms.records.platforms import PLATFORMS, PROBLEMS, NotDelivered

_MOST_DELIVERIES_SHOWN = 10


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@login_required
@require_GET
def record(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    person = _person(request)
    found = keeping.record_of(person)
    own = set(ImportedCredential.objects.filter(learner=person).values_list("uid", flat=True))
    context = {
        "record": found,
        "totals": keeping.totals(person, found),
        "brought": {f"urn:uuid:{uid}" for uid in own},
        "take_over_form": TakeOverForm(),
        "access_form": AccessForm(),
        "accesses": RecordAccess.objects.filter(learner=person)[:50],
        "platforms": PLATFORMS.values(),
        "has_consent": consenting.has_given(person, Consent.Purpose.WORKFORCE),
        "deliveries": [
            (PLATFORMS[one.platform].name, one, PROBLEMS.get(one.problem, ""))
            for one in Delivery.objects.filter(learner=person, platform__in=PLATFORMS)[:_MOST_DELIVERIES_SHOWN]
        ],
    }
    return private(render(request, "records/record.html", context | more, status=status))


@login_required
@require_GET
def json_file(request: HttpRequest) -> HttpResponse:
    """The record by the published schema."""
    text = json.dumps(keeping.record_of(_person(request)), ensure_ascii=False, indent=1)
    return _file(text.encode(), "application/json", "json")


@login_required
@require_GET
def csv_file(request: HttpRequest) -> HttpResponse:
    """The same as a table."""
    return _file(tables.to_csv(keeping.record_of(_person(request))), "text/csv; charset=utf-8", "csv")


def _file(content: bytes, media_type: str, ending: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    day = timezone.localdate().isoformat()
    title = _("learning-record")
    response["Content-Disposition"] = content_disposition_header(True, f"{title}-{day}.{ending}")
    return private(response)


@login_required
@require_POST
def take_over(request: HttpRequest) -> HttpResponse:
    """Takes over a record file; the answer says of each entry what became of it."""
    form = TakeOverForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, take_over_form=form, status=422)
    try:
        outcomes = keeping.take_over(_person(request), form.cleaned_data["file"].read())
    except keeping.NotARecord as error:
        form.add_error("file", _("This is not a learning record as the published schema describes it (%s).") % error)
        return _page(request, take_over_form=form, status=422)
    return _page(request, outcomes=outcomes)


@login_required
@require_POST
def drop(request: HttpRequest, uid: str) -> HttpResponse:
    """Takes something that was brought along out of the record again."""
    deleted, _rows = ImportedCredential.objects.filter(learner=_person(request), uid=uid).delete()
    if not deleted:
        raise Http404
    messages.success(request, _("It is no longer in your record here. Your file of it is as good as before."))
    return redirect("records:record")


@login_required
@require_POST
def grant(request: HttpRequest) -> HttpResponse:
    """Makes a token for another system; it is shown once, on the page that answers."""
    person = _person(request)
    form = AccessForm(request.POST, open_ones=RecordAccess.objects.filter(learner=person).open().count())
    if not form.is_valid():
        return _page(request, access_form=form, status=422)
    token = RecordAccess.grant(person, label=form.cleaned_data["label"], days=form.cleaned_data["days"])
    return _page(request, new_token=token)


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a token at once."""
    access = get_object_or_404(RecordAccess, learner=_person(request), pk=pk)
    RecordAccess.objects.filter(pk=access.pk, revoked_at=None).update(revoked_at=timezone.now())
    messages.success(request, _("The token has been ended."))
    return redirect("records:record")


@login_required
@require_POST
def send(request: HttpRequest, slug: str) -> HttpResponse:
    """Sends the record to a platform, if the person has agreed to that."""
    person, platform = _person(request), PLATFORMS.get(slug)
    if platform is None:
        raise Http404
    if not consenting.has_given(person, Consent.Purpose.WORKFORCE):
        messages.error(request, _("Nothing was sent: you have not agreed to it."))
        return redirect("records:record")
    try:
        receipt = platform.deliver(keeping.record_of(person))
    except NotDelivered as problem:
        Delivery.objects.create(learner=person, platform=slug, problem=problem.code)
        messages.error(request, str(PROBLEMS[problem.code]))
    else:
        Delivery.objects.create(learner=person, platform=slug, receipt=receipt)
        messages.success(request, _("Your record was sent."))
    return redirect("records:record")
