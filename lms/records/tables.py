"""A record as CSV, one line a competency unit: for systems, and people, that read tables."""

import csv
import io
from typing import Any

from courses.csv_cells import harmless

COLUMNS = (
    "credential_number", "credential_id", "achievement_th", "achievement_en", "issuer", "awarded", "valid_until",
    "status", "hours", "framework", "unit", "unit_name", "level", "evidence_sha256",
)  # fmt: skip


def to_csv(record: dict[str, Any]) -> bytes:
    """UTF-8 with the mark that Excel wants."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for entry in record["entries"]:
        credential = entry["credential"]
        facts = [
            credential["number"], credential["id"], entry["achievement"]["name_th"], entry["achievement"]["name_en"],
            entry["issuer"]["id"], entry["awarded"], entry["validUntil"] or "", credential["status"], entry["hours"],
        ]  # fmt: skip
        evidence = " ".join(one["sha256"] for one in entry["evidence"])
        nothing = {"framework": "", "unit": "", "name": "", "level": None}
        for one in entry["competencies"] or [nothing]:
            unit = [one["framework"], one["unit"], one["name"], one["level"] or ""]
            writer.writerow([harmless(cell) for cell in [*facts, *unit, evidence]])
    return text.getvalue().encode("utf-8-sig")
