"""The page that verifies with no network: one HTML file with everything in it, made anew with each bundle.

Its policy allows no connection of any kind and no script but the two it carries, so nothing that is dropped on it can
leave. Words, schema and contexts are the product's own, passed in as data.
"""

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from lms.credentials import profile, status_list
from lms.credentials.contexts import CONTEXTS
from lms.credentials.messages import HEADLINES, MESSAGES, REASONS, REVOKED_UNDATED, Verdict
from lms.credentials.models import Credential
from lms.verification.notes import RESULTS

_HERE = Path(__file__).resolve().parent / "offline"


def render(body: bytes, signatures: list[dict[str, Any]]) -> str:
    """The page for the bundle with this body."""
    library, script, style = _file("jsonld.min.js"), _file("verify.js"), _file("verify.css")
    policy = (
        f"default-src 'none'; script-src {_digest(library)} {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": policy,
        "STYLE": style,
        "LIBRARY": library,
        "SCRIPT": script,
        "RULES": _as_data(_rules()),
        "SIGNATURES": _as_data(signatures),
        "BUNDLE": base64.b64encode(body).decode(),
    }
    page = _file("verify.html")
    for name, text in parts.items():
        page = page.replace(f"@@{name}@@", text)
    return page


@lru_cache
def _file(name: str) -> str:
    text = (_HERE / name).read_text(encoding="utf-8")
    # A script ends at the first such sequence, even inside a string of it.
    return text if name.endswith(".html") else text.replace("</script", "<\\/script")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _as_data(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _rules() -> dict[str, Any]:
    words = {
        str(verdict): {
            "headline": HEADLINES[verdict]._asdict(),
            "message": MESSAGES[verdict]._asdict(),
            "result": RESULTS[verdict]._asdict(),
        }
        for verdict in Verdict
    }
    return {
        "schema": profile.SCHEMA,
        "listSchema": status_list.SCHEMA,
        "contexts": CONTEXTS,
        "verdicts": words,
        "undated": REVOKED_UNDATED._asdict(),
        "reasons": {code: text._asdict() for code, text in REASONS.items()},
        "revocations": {"th": _revocations("th"), "en": _revocations("en")},
        "limits": {"bytes": profile.MAX_BYTES, "depth": profile.MAX_DEPTH},
    }


def _revocations(language: str) -> dict[str, str]:
    from django.utils.translation import override  # noqa: PLC0415

    with override(language):
        return {value: str(label) for value, label in Credential.Reason.choices}
