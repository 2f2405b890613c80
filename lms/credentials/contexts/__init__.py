"""The two JSON-LD contexts a credential of ours may name. Data, pinned by digest; nothing is ever fetched."""

import hashlib
import json
from pathlib import Path
from typing import Any

VC_2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES_3 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

_FOLDER = Path(__file__).parent
_PINNED = {
    VC_2: ("credentials-v2.jsonld", "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"),
    OPEN_BADGES_3: ("ob-v3p0-context-3.0.3.jsonld", "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84"),
}


def _load(name: str, sha256: str) -> dict[str, Any]:
    data = (_FOLDER / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise RuntimeError(f"{name} is not the text it should be: every signature depends on it")
    document: dict[str, Any] = json.loads(data)
    return document


CONTEXTS: dict[str, dict[str, Any]] = {url: _load(*pinned) for url, pinned in _PINNED.items()}
