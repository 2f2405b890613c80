"""System checks: whether this process could sign, and whether the issuers' identities still fit this site."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from lms.credentials.custody import KeyUnavailable, custody, file_custody
from lms.credentials.models import Issuer, did_for


@register(Tags.security)
def check_key_file(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A key file that is there must be private and readable. One that is not there yet is made by a command."""
    path = Path(settings.ISSUER_KEY_FILE) if settings.ISSUER_KEY_FILE else None
    if path is None or not path.exists():
        return []
    try:
        file_custody(path).check()
    except KeyUnavailable as error:
        return [Error(f"The issuer's key cannot be used: {error}.", id="lms.E010")]
    return []


@register(Tags.security, deploy=True)
def check_issuers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        issuers = list(Issuer.objects.all())
        without_key = [issuer for issuer in issuers if not issuer.active_keys.exists()]
    except DatabaseError:
        return []  # not migrated yet, or not reachable: other checks say so
    messages: list[CheckMessage] = []
    if settings.ISSUER_KEY_VAULT:
        messages += _vault()
    elif settings.ISSUER_KEY_FILE and not settings.ISSUER_KEY_PASSPHRASE_FILE:
        text = "The issuer's key lies in a file that is not encrypted."
        hint = "Set ISSUER_KEY_PASSPHRASE_FILE, or keep the key in Vault (ISSUER_KEY_VAULT); docs/credentials.md."
        messages.append(Warning(text, hint=hint, id="lms.W012"))
    if settings.ISSUER_KEY_FILE and not settings.ISSUER_KEY_VAULT and not Path(settings.ISSUER_KEY_FILE).exists():
        hint = "Run manage.py make_issuer_key."
        messages.append(Error(f"There is no key file at {settings.ISSUER_KEY_FILE}.", hint=hint, id="lms.E010"))
    for issuer in without_key:
        text = f"Issuer {issuer.slug} has no key: nothing can be issued in its name."
        messages.append(Warning(text, hint="Run manage.py make_issuer_key.", id="lms.W010"))
    for issuer in issuers:
        if issuer.did != did_for(issuer.slug):
            text = f"Issuer {issuer.slug} is {issuer.did}, not of PUBLIC_URL: others cannot resolve it."
            messages.append(Warning(text, hint="Set PUBLIC_URL to the address it was made at.", id="lms.W011"))
    return messages


def _vault() -> list[CheckMessage]:
    try:
        custody().check()
    except KeyUnavailable as error:
        return [Error(f"The issuer's key cannot be used: {error}.", id="lms.E010")]
    return []
