"""The inventory in words, for pages and other programs."""

from lms.privacy.inventory import HOLDINGS


def describe() -> list[dict[str, str]]:
    """One line a place, in the language of the moment."""
    return [
        {
            "model": one.model,
            "fields": one.fields,
            "kind": str(one.kind.value.title),
            "purpose": str(one.kind.value.purpose),
            "ground": str(one.kind.value.ground),
            "retention": str(one.kind.value.retention),
        }
        for one in HOLDINGS
    ]
