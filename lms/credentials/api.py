"""Verification for other systems: the same check as on the page, the answer as JSON."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Router, Schema

from lms.credentials import intake, profile, verifying
from lms.credentials.messages import Verdict
from lms.credentials.unpacking import MAX_FILE_BYTES
from lms.credentials.verifying import Verification

# What a form puts around a file.
FRAME_BYTES = 16 * 1024

router = Router(tags=["credentials"])


class SignatureLine(Schema):
    ok: bool | None
    detail: str


class IssuerLine(Schema):
    ok: bool | None
    did: str | None
    name_th: str
    name_en: str


class StatusLine(Schema):
    ok: bool | None
    as_of: str


class ValidityLine(Schema):
    ok: bool | None
    start: str | None = Field(None, alias="from")  # "from" is a word of Python's
    until: str | None


class AchievementOut(Schema):
    name: str
    hours: str
    competencies: list[str]


class VerdictOut(Schema):
    verdict: Verdict
    signature: SignatureLine
    issuer: IssuerLine
    status: StatusLine
    validity: ValidityLine
    achievement: AchievementOut | None
    number: str | None
    message_th: str
    message_en: str


class Problem(Schema):
    detail: str


_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "examples": {
                    "credential": {"summary": "the credential itself", "value": {"@context": ["…"], "proof": ["…"]}},
                    "number": {"summary": "its number", "value": {"number": "XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX"}},
                },
            },
            "application/jwt": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
        },
    }
}


@router.post(
    "/verify",
    auth=None,
    summary="Verify a credential",
    response={200: VerdictOut, 400: VerdictOut, 413: VerdictOut, 415: Problem, 429: Problem, 503: VerdictOut},
    openapi_extra=_REQUEST_BODY,
)
def verify(request: HttpRequest) -> HttpResponse:
    """A credential as JSON or JWT, ``{"number": "…"}``, or a file as ``multipart/form-data``.

    200: it was checked, whatever the verdict. 400: what was sent cannot be read. 413: more than 64 kB of
    JSON, or a file of more than 4 MB. 503: we could
    not check. Each of these carries a verdict; ``ok`` is null in a line that was not looked at. No account; 60 calls
    a minute from one address.
    """
    if intake.is_too_often(request):
        response = _problem("Too many requests: wait a minute.", HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(intake.WINDOW_SECONDS)
        return response
    content_type = request.content_type or ""
    most = MAX_FILE_BYTES + FRAME_BYTES if content_type == "multipart/form-data" else intake.MAX_BODY_BYTES
    if intake.is_larger(request, most):
        return _answer(verifying.refused(Verdict.UNREADABLE, "too_large"))
    if content_type == "multipart/form-data":
        return _by_form(request)
    if content_type in {"application/jwt", "application/vc+jwt"}:
        return _answer(verifying.verify_file(request.body))
    if content_type in {"", "application/json"} or content_type.endswith("+json"):
        return _answer(_verify_json(request.body))
    return _problem("Send application/json, application/jwt or multipart/form-data.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def _by_form(request: HttpRequest) -> HttpResponse:
    files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    if len(files) == 1:
        return _answer(verifying.verify_file(files[0].read()))
    if not files and "number" in request.POST:
        return _answer(verifying.verify_number(request.POST["number"]))
    return _answer(verifying.refused(Verdict.UNREADABLE, "one_file"))


def _verify_json(data: bytes) -> Verification:
    try:
        document = profile.read(data)
    except profile.Unreadable as error:
        return verifying.refused(Verdict.UNREADABLE, error.code)
    if document.keys() == {"number"}:
        number = document["number"]
        return verifying.verify_number(number if isinstance(number, str) else "")
    return verifying.verify_file(data)


def _answer(answer: Verification) -> JsonResponse:
    statuses = {Verdict.UNREADABLE: HTTPStatus.BAD_REQUEST, Verdict.COULD_NOT_CHECK: HTTPStatus.SERVICE_UNAVAILABLE}
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if answer.reason == "too_large" else statuses.get(answer.verdict)
    return _json(answer.as_dict(), status or HTTPStatus.OK)


def _problem(detail: str, status: HTTPStatus) -> JsonResponse:
    return _json({"detail": detail}, status)


def _json(body: dict[str, object], status: HTTPStatus) -> JsonResponse:
    response = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response
