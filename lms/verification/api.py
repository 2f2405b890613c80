"""Verification of many, for other systems: sent at once, asked for until it is done."""

from http import HTTPStatus
from uuid import UUID

from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router, Schema

from lms.credentials import intake, profile
from lms.credentials.messages import REASONS
from lms.verification import batching, tasks, uploads
from lms.verification.archives import MOST_BYTES, Unusable
from lms.verification.items import Item
from lms.verification.limits import BATCHES
from lms.verification.models import Batch
from lms.verification.spreadsheets import MOST_ROWS

router = Router(tags=["credentials"])
_MOST_JSON = 2 * 1024 * 1024


class BatchOut(Schema):
    id: UUID
    status: str
    done: int
    total: int
    expires_at: str


class Problem(Schema):
    detail: str


@router.post("", auth=None, summary="Verify many credentials", response={202: BatchOut, 400: Problem, 429: Problem})
def send(request: HttpRequest) -> HttpResponse:
    """``{"numbers": ["…", "…"]}`` (numbers or links, up to 10,000), or a ZIP, a table or several files as
    ``multipart/form-data``.

    202: taken on; ask ``GET …/batches/{id}`` until its status is ``ready``. What was sent is deleted as it is checked,
    the result after 24 hours. 20 batches an hour from one address.
    """
    if BATCHES.is_used_up(intake.address_of(request)):
        return _json({"detail": "Too many batches: wait an hour."}, HTTPStatus.TOO_MANY_REQUESTS)
    if intake.is_larger(request, MOST_BYTES):
        return _refuse("upload_too_large")
    try:
        items = _from_form(request) if request.content_type == "multipart/form-data" else _from_json(request)
        batch = batching.start(items)
    except Unusable as error:
        return _refuse(error.code)
    tasks.announce(batch)
    return _json(_facts(batch), HTTPStatus.ACCEPTED)


@router.get("/{pk}", auth=None, summary="The result of many", response={200: BatchOut, 404: Problem})
def result(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is; once it is no longer ``working``, with ``results``: one verdict for each thing sent, in the same
    order, as ``POST /credentials/verify`` answers, with ``label`` (file or row)."""
    batch = Batch.objects.alive().filter(pk=pk).first()
    if batch is None:
        return _json({"detail": "There is no such batch, or no longer."}, HTTPStatus.NOT_FOUND)
    is_done = batch.status != Batch.Status.WORKING
    return _json(_facts(batch) | ({"results": batch.results()} if is_done else {}), HTTPStatus.OK)


def _from_json(request: HttpRequest) -> list[Item]:
    if intake.is_larger(request, _MOST_JSON):
        raise Unusable("table_too_large")
    try:
        numbers = profile.parse(request.body.decode()).get("numbers")
    except (profile.Unreadable, UnicodeDecodeError) as error:
        raise Unusable("no_numbers") from error
    if not isinstance(numbers, list) or not numbers or not all(isinstance(one, str) for one in numbers):
        raise Unusable("no_numbers")
    if len(numbers) > MOST_ROWS:
        raise Unusable("too_many_rows")
    return [Item(str(place), typed=one[:300]) for place, one in enumerate(numbers, 1)]


def _from_form(request: HttpRequest) -> list[Item]:
    try:
        files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    except TooManyFilesSent as error:
        raise Unusable("too_many_at_once") from error
    if not files:
        raise Unusable("nothing_in_it")
    many = uploads.many_in(files[0]) if len(files) == 1 else None
    return list(uploads.each_of(files) if many is None else many)


def _facts(batch: Batch) -> dict[str, object]:
    return {
        "id": str(batch.pk),
        "status": batch.status,
        "done": batch.done,
        "total": batch.total,
        "expires_at": batch.expires_at.isoformat(),
    }


def _refuse(code: str) -> JsonResponse:
    text = REASONS[code]
    return _json({"detail": text.en, "detail_th": text.th}, HTTPStatus.BAD_REQUEST)


def _json(body: dict[str, object], status: HTTPStatus) -> JsonResponse:
    response = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response
