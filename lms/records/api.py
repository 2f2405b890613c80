"""A person's record for another system, by a token that this person made."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import Router, Schema
from ninja.security import HttpBearer

from lms.credentials import intake
from lms.records import keeping
from lms.records.models import RecordAccess, hash_token

router = Router(tags=["learning records"])


class Problem(Schema):
    detail: str


class ByToken(HttpBearer):
    """A token that opens one record, while its owner lets it."""

    def authenticate(self, request: HttpRequest, token: str) -> RecordAccess | None:
        if len(token) > 64:
            return None
        open_ones = RecordAccess.objects.open().select_related("learner")
        return open_ones.filter(token_sha256=hash_token(token), learner__is_active=True).first()


@router.get(
    "/mine",
    auth=ByToken(),
    summary="The learning record of whoever made the token",
    response={200: dict[str, object], 401: Problem, 429: Problem},
)
def mine(request: HttpRequest) -> HttpResponse:
    """The record as ``/schemas/learning-record.json`` describes it. Send ``Authorization: Bearer TOKEN``.

    The token comes from the person, who makes it on their page “Learning record” and can end it at any time. 60 calls
    a minute from one address.
    """
    if intake.is_too_often(request):
        return JsonResponse({"detail": "Too many requests: wait a minute."}, status=HTTPStatus.TOO_MANY_REQUESTS)
    access: RecordAccess = request.auth  # type: ignore[attr-defined]
    RecordAccess.objects.filter(pk=access.pk).update(used_at=timezone.now())
    response = JsonResponse(keeping.record_of(access.learner), json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response
