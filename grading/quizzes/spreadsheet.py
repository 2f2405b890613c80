"""Items as a spreadsheet: one row an item, what people edit in columns of its own, the rest as JSON in the last one.

The first row names the columns. ``choices_th`` holds one choice a line, right ones marked by ``*``; ``choices_en`` the
same lines in English.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from grading.quizzes.banks import LARGEST_FILE, MOST_ITEMS, BadBank
from grading.quizzes.items import LANGUAGES, Problem

COLUMNS = (
    *("id", "kind", "pool", "difficulty", "points", "tags", "prompt_th", "prompt_en", "choices_th", "choices_en"),
    *("answer", "explanation_th", "explanation_en", "source_th", "source_en", "details"),
)
LARGEST_UNPACKED = 60 * 1024 * 1024
_TEXTS = ("prompt", "explanation", "source")
_PLAIN = ("id", "kind", "pool")


def write(items: Sequence[Mapping[str, Any]]) -> bytes:
    """Declared items as an Excel file."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("items")
    sheet.freeze_panes = "B2"
    for column in "GHIJLMNO":
        sheet.column_dimensions[column].width = 40
    sheet.append([_cell(sheet, name, is_head=True) for name in COLUMNS])
    for declared in items:
        row = _row(declared)
        sheet.append([_cell(sheet, row.get(name, "")) for name in COLUMNS])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _cell(sheet: Any, value: Any, *, is_head: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=str(value))
    cell.data_type = "s"  # a text that begins with "=" is a text
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = Font(bold=is_head)
    return cell


def _row(declared: Mapping[str, Any]) -> dict[str, str]:
    rest = dict(declared)
    row = {name: str(rest.pop(name, "")) for name in _PLAIN}
    row |= {"difficulty": str(rest.pop("difficulty", 2)), "points": f"{rest.pop('points', 1):g}"}
    row["tags"] = ", ".join(rest.pop("tags", []))
    for name in _TEXTS:
        text = rest.pop(name, "")
        for language in LANGUAGES:
            row[f"{name}_{language}"] = _in(text, language)
    if declared.get("kind") in ("single", "multiple"):
        row |= _choices(rest)
    if isinstance(rest.get("answer"), (str, int, float)):
        row["answer"] = str(rest.pop("answer"))
    elif declared.get("kind") == "text":
        row["answer"] = "\n".join(map(str, rest.pop("accepted", [])))
    row["details"] = json.dumps(rest, ensure_ascii=False) if rest else ""
    return row


def _choices(rest: dict[str, Any]) -> dict[str, str]:
    """Into columns; feedback, which has no line there, stays in the details."""
    choices = rest.pop("choices", [])
    feedback = [choice.get("feedback", "") for choice in choices]
    if any(feedback):
        rest["feedback"] = feedback
    marks = {"th": ["*" if choice.get("correct") else "" for choice in choices], "en": [""] * len(choices)}
    return {
        f"choices_{language}": "\n".join(
            mark + _in(choice.get("text", ""), language).replace("\n", " ")
            for mark, choice in zip(marks[language], choices, strict=True)
        )
        for language in LANGUAGES
    }


def _in(text: Any, language: str) -> str:
    return str(text.get(language, "")) if isinstance(text, Mapping) else str(text)


def read(content: bytes) -> list[dict[str, Any]]:
    """Declared items from an Excel file; what is wrong with them ``items.read`` says.

    Raises:
        BadBank: it is no such file, is too large, or has not our columns.
    """
    if len(content) > LARGEST_FILE:
        raise _bad("แฟ้มใหญ่เกินไป", "the file is too large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > LARGEST_UNPACKED:
                raise _bad("แฟ้มใหญ่เกินไป", "the file is too large")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(max_row=MOST_ITEMS + 2, max_col=len(COLUMNS) + 10, values_only=True)
        return list(_items(rows))
    except BadBank:
        raise
    except Exception as error:
        # Whatever a broken archive makes the library raise: it is one sentence for whoever sent it.
        raise _bad("อ่านแฟ้ม Excel ไม่ได้", "the Excel file cannot be read") from error


def _items(rows: Iterator[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    names = [str(name or "").strip() for name in next(rows, [])]
    if not {"id", "kind", "prompt_th", "source_th"} <= set(names):
        raise _bad("แถวแรกต้องเป็นชื่อคอลัมน์", "the first row must name the columns")
    for number, values in enumerate(rows, start=2):
        row = {name: _text(value) for name, value in zip(names, values, strict=False) if name in COLUMNS}
        if any(row.values()):
            yield _declared(row, number)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _declared(row: Mapping[str, str], number: int) -> dict[str, Any]:
    try:
        found = json.loads(row.get("details") or "{}")
    except (ValueError, RecursionError) as error:
        raise _bad(f"แถว {number}: details ไม่ใช่ JSON", f"row {number}: details is no JSON") from error
    if not isinstance(found, dict):
        raise _bad(f"แถว {number}: details ไม่ใช่ JSON", f"row {number}: details is no JSON object")
    feedback = found.pop("feedback", [])
    found |= {name: row[name] for name in _PLAIN if row.get(name)}
    for name in ("difficulty", "points"):
        if row.get(name):
            found[name] = _number(row[name])
    if row.get("tags"):
        found["tags"] = [tag.strip() for tag in row["tags"].split(",") if tag.strip()]
    for name in _TEXTS:
        text = {language: row[f"{name}_{language}"] for language in LANGUAGES if row.get(f"{name}_{language}")}
        if text:
            found[name] = text
    if row.get("choices_th"):
        found["choices"] = list(_read_choices(row, feedback if isinstance(feedback, list) else []))
    if row.get("answer"):
        found |= {"accepted": row["answer"].splitlines()} if row.get("kind") == "text" else {"answer": row["answer"]}
    return found


def _read_choices(row: Mapping[str, str], feedback: list[Any]) -> Iterator[dict[str, Any]]:
    english = row.get("choices_en", "").splitlines()
    for i, line in enumerate(row["choices_th"].splitlines()):
        text = {"th": line.removeprefix("*").strip()}
        if i < len(english) and english[i].strip():
            text["en"] = english[i].removeprefix("*").strip()
        choice: dict[str, Any] = {"text": text}
        if line.startswith("*"):
            choice["correct"] = True
        if i < len(feedback) and feedback[i]:
            choice["feedback"] = feedback[i]
        yield choice


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _bad(th: str, en: str) -> BadBank:
    return BadBank([("", Problem("", th, en))])
