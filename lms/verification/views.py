"""The pages on which anybody verifies: one form for everything, and a page for each batch."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.core.exceptions import TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grading.thai_collation import in_thai_order
from lms.certificates import sharing
from lms.credentials import intake, verifying
from lms.credentials.messages import HEADLINES, REASONS, Verdict
from lms.credentials.models import Issuer, in_language
from lms.credentials.verifying import Verification
from lms.credentials.views import private, status_of, too_often, verdict_page
from lms.trust import registry as trust
from lms.verification import batching, bundles, naming, results, tasks, uploads
from lms.verification.archives import MOST_BYTES, Unusable
from lms.verification.forms import FileForm, NameForm, NumberForm
from lms.verification.limits import BATCHES, NAMES_BY_ONE_SENDER, NAMES_OF_ONE_NUMBER
from lms.verification.models import KEPT, KEPT_ONCE_FETCHED, Batch, OfflineBundle

POLL_SECONDS = 2
SHOWN = 50  # lines of a result on its page; all are in the file
_FORMS = {"csv": ("text/csv; charset=utf-8", results.to_csv)}
_FORMS["xlsx"] = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", results.to_xlsx)


# No CSRF token: nothing of the visitor's is changed by it, and one without an account needs no cookie. It also keeps
# Django from parsing a body before its size has been looked at.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    """Asks for a number, a link or files. One is answered at once, many become a batch."""
    if request.method != "POST":
        return _form(request, HTTPStatus.OK)
    if intake.is_too_often(request):
        return too_often(request)
    if intake.is_larger(request, MOST_BYTES):
        return verdict_page(request, verifying.refused(Verdict.UNREADABLE, "upload_too_large"), status=413)
    try:
        has_file = "file" in request.FILES
    except TooManyFilesSent:
        return _refuse_files(request, FileForm(), "too_many_at_once")
    return _by_file(request) if has_file or request.POST.get("by") == "file" else _by_number(request)


def _form(request: HttpRequest, status: int, **forms: Any) -> HttpResponse:
    context = {"number_form": NumberForm(), "file_form": FileForm()} | forms
    return render(request, "verification/form.html", context, status=status)


def _by_number(request: HttpRequest) -> HttpResponse:
    number_form = NumberForm(request.POST)
    if number_form.is_valid():
        return redirect("verify:credential", number=number_form.cleaned_data["number"])
    return _form(request, HTTPStatus.UNPROCESSABLE_ENTITY, number_form=number_form)


def _by_file(request: HttpRequest) -> HttpResponse:
    file_form = FileForm(request.POST, request.FILES)
    if not file_form.is_valid():
        return _form(request, HTTPStatus.UNPROCESSABLE_ENTITY, file_form=file_form)
    files = file_form.uploads
    try:
        many = uploads.each_of(files) if len(files) > 1 else uploads.many_in(files[0])
        if many is not None:
            if BATCHES.is_used_up(intake.address_of(request)):
                return too_often(request)
            batch = batching.start(many)
            tasks.announce(batch)
            return redirect("verify:batch", batch.pk)
    except Unusable as error:
        return _refuse_files(request, file_form, error.code)
    data = uploads.read_one(files[0])
    answer = verifying.refused(Verdict.UNREADABLE, "too_large") if data is None else verifying.verify_file(data)
    return verdict_page(request, answer, status=status_of(answer), holder=answer.holder_name)


def _refuse_files(request: HttpRequest, file_form: FileForm, reason: str) -> HttpResponse:
    bound = file_form if file_form.is_bound else FileForm({}, MultiValueDict())
    bound.is_valid()
    bound.errors.pop("file", None)
    bound.add_error("file", in_language(*REASONS[reason]))
    return _form(request, HTTPStatus.UNPROCESSABLE_ENTITY, file_form=bound)


# --- The name ---------------------------------------------------------------------------------------------------


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: HttpRequest, number: str) -> HttpResponse:
    """Is it this person's? Yes or no; a few tries an hour for one number, so that nobody finds out whose it is."""
    answer = verifying.verify_number(number)
    if request.method != "POST" or answer.document is None or answer.credential is None:
        return redirect("verify:credential", number=number)
    name_form = NameForm(request.POST)
    more: dict[str, Any] = {"name_form": name_form}
    if name_form.is_valid():
        asked = name_form.cleaned_data["name"]
        more |= {"name_asked": asked, "name_answer": _compare(request, answer, asked)}
    status = HTTPStatus.OK if name_form.is_valid() else HTTPStatus.UNPROCESSABLE_ENTITY
    shown = sharing.shown_to(request, answer.credential)
    return verdict_page(request, answer, status=status, holder=shown.holder, is_public=True, **more)


def _compare(request: HttpRequest, answer: Verification, asked: str) -> str:
    # Both are counted, whatever the first one says.
    used_up = [
        NAMES_BY_ONE_SENDER.is_used_up(intake.address_of(request)),
        NAMES_OF_ONE_NUMBER.is_used_up(str(answer.number)),
    ]
    if any(used_up) or answer.document is None:
        return "too_often"
    return "yes" if naming.is_same_person(answer.document, asked) else "no"


# --- Batches ----------------------------------------------------------------------------------------------------


def _batch(pk: UUID) -> Batch:
    batch = Batch.objects.alive().filter(pk=pk).first()
    if batch is None:
        raise Http404
    return batch


@require_GET
def batch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far a batch is; once it is ready, its summary, the first lines and the files."""
    try:
        found = _batch(pk)
    except Http404:
        return private(render(request, "verification/batch_gone.html", status=HTTPStatus.NOT_FOUND))
    lines = found.results() if found.status != Batch.Status.WORKING else []
    context = {
        "batch": found,
        "poll_seconds": POLL_SECONDS,
        "is_waiting": found.status == Batch.Status.WORKING and not found.done and not found.tries,
        "percent": found.done * 100 // found.total if found.total else 100,
        "counts": _counts(lines),
        "lines": [_line(place, line) for place, line in enumerate(lines[:SHOWN], 1)],
        "shown": SHOWN,
        "kept_hours": KEPT.total_seconds() // 3600,
        "kept_once_fetched_hours": KEPT_ONCE_FETCHED.total_seconds() // 3600,
    }
    template = "verification/_batch.html" if request.headers.get("HX-Request") else "verification/batch.html"
    return private(render(request, template, context))


def _counts(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each verdict that occurs, with its headline and how often, in the order of the list of verdicts."""
    numbers = {verdict: sum(line["verdict"] == verdict for line in lines) for verdict in Verdict}
    return [
        {"verdict": str(verdict), "headline": in_language(*HEADLINES[verdict]), "count": count}
        for verdict, count in numbers.items()
        if count
    ]


def _line(place: int, line: dict[str, Any]) -> dict[str, Any]:
    language = in_language("th", "en")
    return line | {
        "place": place,
        "headline": in_language(*HEADLINES[Verdict(line["verdict"])]),
        "message": line[f"message_{language}"],
    }


@require_GET
def batch_result(request: HttpRequest, pk: UUID, form: str) -> HttpResponse:
    """The whole result as a file; fetching it shortens the time for which it is kept."""
    found = _batch(pk)
    if found.status == Batch.Status.WORKING:
        raise Http404
    content_type, make = _FORMS[form]
    response = HttpResponse(make(found.results(), in_language("th", "en")), content_type=content_type)
    day = timezone.localtime(found.created_at).date().isoformat()
    title = _("verification-result")
    name = f"{title}-{day}.{form}"
    response["Content-Disposition"] = f"attachment; filename=\"result-{day}.{form}\"; filename*=UTF-8''{quote(name)}"
    found.is_fetched()
    return private(response)


@csrf_exempt  # whoever knows the random address may delete what is behind it
@require_POST
def batch_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    _batch(pk).delete()
    return private(render(request, "verification/batch_gone.html", {"is_deleted": True}))


# --- Issuers ----------------------------------------------------------------------------------------------------


@require_GET
def issuers(request: HttpRequest) -> HttpResponse:
    """Whose credentials this site vouches for: its own issuers, and those of the signed list."""
    registry = trust.current()
    others = list(registry.issuers.values()) if registry else []
    context = {"own": Issuer.objects.order_by(in_thai_order("name_th")), "others": others, "registry": registry}
    return render(request, "verification/issuers.html", context)


# --- Offline ----------------------------------------------------------------------------------------------------


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What to take along to verify with no network, how old it is, and whose key signed it."""
    newest = OfflineBundle.objects.defer("content").first()
    context = {"bundle": newest, "keys": bundles.keys_on_file()}
    return render(request, "verification/offline.html", context)


@require_GET
def offline_bundle(request: HttpRequest) -> HttpResponse:
    newest = _newest_bundle()
    return _to_keep(bytes(newest.content), "application/zip", f"verify-{newest.made_at:%Y-%m-%d}.zip")


@require_GET
def offline_html(request: HttpRequest) -> HttpResponse:
    newest = _newest_bundle()
    page = bundles.page_in(bytes(newest.content))
    # To be kept and opened from there: here our own policy would forbid the scripts it carries.
    return _to_keep(page, "text/html; charset=utf-8", f"verify-{newest.made_at:%Y-%m-%d}.html")


def _newest_bundle() -> OfflineBundle:
    newest = OfflineBundle.objects.filter(expires_at__gt=timezone.now()).first()
    if newest is None:
        raise Http404
    return newest


def _to_keep(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "public, max-age=600"
    return response
