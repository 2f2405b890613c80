"""System checks with our own ids: what ``manage.py check --deploy`` says about this product."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from sandboxes import service
from sandboxes.box import check as check_box
from sandboxes.results import SandboxUnavailable


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if settings.IS_EMBEDDED:
        messages.append(
            Warning("The embedded database is in use.", hint="Set DATABASE_URL to a PostgreSQL server.", id="lms.W001")
        )
    if not settings.REDIS_URL:
        messages.append(Warning("The embedded queue is in use.", hint="Set REDIS_URL.", id="lms.W002"))
    if settings.WITH_DEMO:
        messages.append(
            Error(
                "Demo accounts with a published password are loaded.",
                hint="Set WITH_DEMO=0 and begin with an empty database.",
                id="lms.E002",
            )
        )
    if not settings.IS_HTTPS:
        messages.append(
            Error(
                "PUBLIC_URL is not https: sessions and issuer identities would be open to anyone on the way.",
                hint="Set PUBLIC_URL=https://…",
                id="lms.E001",
            )
        )
    if not settings.EMAIL_URL:
        messages.append(
            Warning(
                "No mail server: addresses are not confirmed and mail is written to files.",
                hint="Set EMAIL_URL=smtp://…",
                id="lms.W003",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_sandboxes(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Really builds one. Where that does not work, grading refuses its work: nothing is ever graded without."""
    try:
        check_box(settings.KERNEL_PYTHON)
    except SandboxUnavailable as error:
        hint = "docs/operations.md says what each reason means. A machine that only serves pages can do without."
        return [Error(f"No sandbox can be built here: {error}", hint=hint, id="lms.E020")]
    if service.status() is None:
        hint = "Run `python -m sandboxes serve` on each machine that grades."
        return [Warning("No sandbox service answers: every kernel starts cold.", hint=hint, id="lms.W020")]
    return []
