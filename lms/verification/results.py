"""The result of a batch as a file: one line an item, in the order in which they were sent. Pure but for the language.

Dates are ISO 8601 in the Common era: a table is read by programs. The CSV begins with a byte order mark, without which
Excel shows Thai as rubbish.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from string import ascii_uppercase
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.csv_cells import harmless
from lms.credentials.messages import HEADLINES, Verdict

_STATES = {True: gettext_lazy("in order"), False: gettext_lazy("not in order"), None: gettext_lazy("not checked")}
_MATCHES = {
    "yes": gettext_lazy("yes"),
    "no": gettext_lazy("no"),
    "too_often": gettext_lazy("asked too often, try again in an hour"),
    "": "",
}

Result = dict[str, Any]
# Of the columns of the Excel file, in characters.
_WIDTHS = (6, 30, 38, 26, 60, 12, 12, 12, 12, 30, 36, 9, 26, 14, 21, 21, 21, 16)


def titles() -> list[str]:
    return [
        _("No."), _("File or row"), _("Number"), _("Verdict"), _("What it means"), _("Signature"), _("Issuer"),
        _("Status"), _("Validity"), _("Issued by"), _("Achievement"), _("Training hours"), _("Holder (from the file)"),
        _("Name in the table matches"), _("Valid from"), _("Valid until"), _("Status as of"), _("Verdict code"),
    ]  # fmt: skip


def rows(results: Iterable[Result], language: str) -> Iterator[list[str]]:
    """Each result as the cells under ``titles``."""
    for place, result in enumerate(results, 1):
        yield [harmless(cell) for cell in _cells(place, result, language)]


def _cells(place: int, result: Result, language: str) -> list[str]:
    achievement = result["achievement"] or {}
    name = result["name_en"] if language == "en" else achievement.get("name", "")
    lines = [str(_STATES[result[line]["ok"]]) for line in ("signature", "issuer", "status", "validity")]
    return [
        str(place),
        result["label"],
        result["number"] or result["typed"],
        getattr(HEADLINES[Verdict(result["verdict"])], language),
        result[f"message_{language}"],
        *lines,
        result["issuer"][f"name_{language}"] if result["issuer"]["ok"] else "",
        name,
        achievement.get("hours", ""),
        result["holder"],
        str(_MATCHES[result["name_matches"]]),
        result["validity"]["from"] or "",
        result["validity"]["until"] or "",
        result["status"]["as_of"],
        result["verdict"],
    ]


def to_csv(results: Iterable[Result], language: str) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(titles())
    writer.writerows(rows(results, language))
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def to_xlsx(results: Iterable[Result], language: str) -> bytes:
    """The same as an Excel file: every cell is text, so that no number loses its zeros."""
    from openpyxl import Workbook  # noqa: PLC0415 - heavy, and needed by whoever wants this form only

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(_("Result"))
    sheet.freeze_panes = "A2"
    for letter, width in zip(ascii_uppercase, _WIDTHS, strict=False):
        sheet.column_dimensions[letter].width = width
    sheet.append(titles())
    for row in rows(results, language):
        sheet.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()
