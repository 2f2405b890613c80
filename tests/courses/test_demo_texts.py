"""The lessons of the demonstration: the same parts in both languages, code that runs, and outputs that are true."""

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from courses.demo import content, markup, outline

KERNEL_PYTHON = Path(settings.BASE_DIR) / ".venv-kernel" / "bin" / "python"
NAMES = [name for course in outline.COURSES for name in course.lessons]
BETWEEN = "\x01"


def lessons(name: str) -> tuple[markup.Lesson, markup.Lesson]:
    thai, english = (markup.parse(content.text_of(name, language)) for language in ("th", "en"))
    return thai, markup.with_code_of(thai, english)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_parts(name: str) -> None:
    thai, english = lessons(name)
    assert [kind for kind, _value in thai.parts] == [kind for kind, _value in english.parts]
    for (kind, ours), (_kind, theirs) in zip(thai.parts, english.parts, strict=True):
        if kind == "exercise":
            assert ours["exercise"] == theirs["exercise"]
        if kind == "table":
            assert [row.count("|") for row in ours["rows"].splitlines()] == [
                row.count("|") for row in theirs["rows"].splitlines()
            ]


@pytest.mark.parametrize("name", [name for name in NAMES if "```python" in content.text_of(name, "th")])
def test_the_code_of_a_lesson_runs_and_prints_what_the_lesson_says(name: str, tmp_path: Path) -> None:
    if not KERNEL_PYTHON.exists():
        pytest.skip("the notebook environment (.venv-kernel) is not installed")
    for file_name, data in content.downloads().items():
        (tmp_path / file_name).write_bytes(data)
    code, promised = [], []
    for kind, value in lessons(name)[0].parts:
        if kind == "code" and value["language"] == "python":
            code.append(value["code"])
            promised.append("")
        elif kind == "code":
            promised[-1] = value["code"] + "\n"
    program = f"\nprint({BETWEEN!r}, end='')\n".join(code)
    run = subprocess.run(
        [KERNEL_PYTHON, "-W", "error", "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert run.stderr == ""
    assert run.stdout.split(BETWEEN) == promised


# How it is often written, and not here.
MISSPELT = [
    "เมตาดาต้า", "เมต้าดาต้า", "อนุญาติ", "โน๊ตบุ๊ค", "โน้ตบุ๊ค", "สังเกตุ", "ปรากฎ", "กฏหมาย", "กฏเกณฑ์", "คลิ๊ก", "เว็ปไซต์", "เวปไซต์",
    "ดาต้าเซ็ต", "พจณานุกรม", "ลายเซ็นต์", "อัพเดท", "ครับ", "ค่ะ", "สอบตก", "ไม่ผ่านเกณฑ์", "เเ", "\u200b",
]  # fmt: skip


@pytest.mark.parametrize(
    "path", sorted((content.HERE / "texts").rglob("*.md")), ids=lambda path: path.stem + path.parent.name
)
def test_thai_is_spelled_as_in_the_word_list_and_holds_no_hidden_letters(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [word for word in MISSPELT if word in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_paragraph_of_a_lesson_was_left_untranslated(name: str) -> None:
    thai, english = lessons(name)
    for (kind, ours), (_kind, theirs) in zip(thai.parts, english.parts, strict=True):
        if kind in {"text", "callout"}:
            ours, theirs = (value["text"] if kind == "callout" else value for value in (ours, theirs))
            assert ours != theirs
            blocks = [block for block in re.split(r"</?(?:p|li|h2|h3|ul)>", ours) if len(block) > 30]
            assert [block for block in blocks if not re.search("[ก-๙]", block)] == []
            letters = re.sub(r"<code>.*?</code>|<[^>]*>", "", theirs)
            assert len(re.findall("[ก-๙]", letters)) < len(letters) * 0.2


def test_there_are_thirty_hours_in_three_courses_and_lessons_add_up_to_their_theory() -> None:
    assert sum(course.theory_hours + course.practice_hours for course in outline.COURSES) == 30
    for course in outline.COURSES:
        assert sum(course.lessons.values()) == course.theory_hours * 60


def test_markup_becomes_the_parts_of_a_lesson() -> None:
    lesson = markup.parse(
        "# ชื่อ\n\nย่อหน้า **หนา** `a < b`\n\n- หนึ่ง\n- *สอง*\n\n::: tip\nระวัง\n:::\n\n"
        "| ก | ข |\n|---|---|\n| 1 | `2` |\n\n```python\nx = 1\n\ny = 2\n```\n\n{{ exercise b-n1 | ลองทำ }}"
    )
    assert lesson.title == "ชื่อ"
    assert lesson.parts == [
        ("text", "<p>ย่อหน้า <b>หนา</b> <code>a &lt; b</code></p><ul><li>หนึ่ง</li><li><i>สอง</i></li></ul>"),
        ("callout", {"kind": "tip", "text": "<p>ระวัง</p>"}),
        ("table", {"caption": "", "rows": "ก | ข\n1 | 2"}),
        ("code", {"language": "python", "code": "x = 1\n\ny = 2", "can_be_tried": False}),
        ("exercise", {"exercise": "b-n1", "note": "ลองทำ"}),
    ]


@pytest.mark.parametrize("text", ["no title", "# title\n\n{{ explode }}"])
def test_a_text_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"title|explode"):
        markup.parse(text)


def test_a_translation_with_another_number_of_code_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places for 1"):
        markup.with_code_of(markup.parse("# a\n\n```python\nx\n```"), markup.parse("# b\n\ntext"))
