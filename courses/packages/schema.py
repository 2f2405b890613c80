"""What a package's manifest looks like, as a JSON Schema; published at ``/schemas/course-package.json``.

Shapes and bounds only. That names lead somewhere, that files are what their hashes say and that notebooks are
exercises is for ``reading`` to find out.
"""

from typing import Any

from courses.models import CoursePage
from courses.models.facets import Area, Licence, RoleGroup
from grading.models import Exercise, Quiz

Shape = dict[str, Any]
VERSION = 1
MOST_FILES = 2000
MOST_FILE_BYTES = 200 * 1024 * 1024
LANGUAGES = ("th", "en")


def _closed(**properties: Shape) -> Shape:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Shape, most: int, **more: Any) -> Shape:
    return {"type": "array", "items": items, "maxItems": most} | more


def _or_null(shape: Shape) -> Shape:
    return {"anyOf": [shape, {"type": "null"}]}


def _text(most: int, least: int = 0) -> Shape:
    return {"type": "string", "minLength": least, "maxLength": most}


def _code(most: int) -> Shape:
    return {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{most}}}$"}


def _number(low: int, high: int) -> Shape:
    return {"type": "integer", "minimum": low, "maximum": high}


def _one_of(choices: Any) -> Shape:
    return {"enum": list(choices.values)}


BOOLEAN = {"type": "boolean"}
TITLE = _text(200, 1)
KEY = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
HOURS = {"type": "string", "pattern": r"^[0-9]{1,4}\.[0-9]$"}
SLUG = {"type": "string", "pattern": "^[a-z0-9_-]{1,255}$"}
_STREAM = _list({"type": "object", "required": ["type", "value"]}, 500)
_OF_EVERY_PAGE = {"title": _text(255, 1), "slug": SLUG, "seo_title": _text(255), "search_description": _text(2000)}


def _pages(**texts: Shape) -> Shape:
    """One page in each language it is in; the first language is always there."""
    page = _closed(**_OF_EVERY_PAGE, **texts)
    return {
        "type": "object",
        "properties": dict.fromkeys(LANGUAGES, page),
        "required": LANGUAGES[:1],
        "additionalProperties": False,
    }


LESSON = _closed(key=KEY, pages=_pages(minutes=_number(1, 10_000), body=_STREAM))
MODULE = _closed(key=KEY, quiz=_or_null(_code(80)), pages=_pages(summary=_text(20_000)), lessons=_list(LESSON, 100))
COURSE = _closed(
    key=KEY,
    code=_text(20),
    level=_one_of(CoursePage.Level),
    theory_hours=HOURS,
    practice_hours=HOURS,
    areas=_list(_one_of(Area), 20),
    roles=_list(_one_of(RoleGroup), 20),
    licence=_one_of(Licence),
    pass_percent=_number(1, 100),
    pages=_pages(summary=_text(20_000), audience=_text(20_000), provider=_text(200), outcomes=_STREAM),
    modules=_list(MODULE, 50),
)
DATA_FILE = _closed(name=_text(150, 1), sha256=SHA256, is_hidden=BOOLEAN)
TWO = _closed(th=_text(2000), en=_text(2000))
CRITERION = _closed(name=TWO, asks=TWO, weight=_number(1, 10), levels=_list(TWO, 6, minItems=2))
CAPSTONE = _closed(
    brief_th=_text(20_000, 1),
    brief_en=_text(20_000),
    criteria=_list(CRITERION, 10, minItems=1),
    reviewers=_number(1, 5),
    review_days=_number(1, 60),
    has_gallery=BOOLEAN,
)
EXERCISE = _closed(
    slug=_code(80),
    title_th=TITLE,
    title_en=TITLE,
    is_complete=BOOLEAN,
    max_attempts=_or_null(_number(0, 32_767)),
    cooldown_minutes=_number(0, 1_000_000),
    counts=_one_of(Exercise.Counting),
    late_rule=_one_of(Exercise.Late),
    late_percent=_number(1, 100),
    late_days=_number(1, 365),
    limits={"type": "object", "maxProperties": 20, "additionalProperties": {"type": "number"}},
    notebook=_or_null(SHA256),
    files=_list(DATA_FILE, 30),
    capstone=_or_null(CAPSTONE),
)
BANK = _closed(
    slug=_code(60),
    title_th=TITLE,
    title_en=_text(200),
    licence=_text(60),
    is_complete=BOOLEAN,
    items=_list({"type": "object"}, 2000),
)
DRAW = _closed(bank=_code(60), pool=_text(60), difficulty=_or_null(_number(1, 3)), count=_number(1, 100))
QUIZ = _closed(
    slug=_code(80),
    title_th=TITLE,
    title_en=TITLE,
    intro_th=_text(20_000),
    intro_en=_text(20_000),
    pass_percent=_number(1, 100),
    max_attempts=_or_null(_number(0, 32_767)),
    minutes=_or_null(_number(1, 600)),
    cooldown_minutes=_number(0, 1_000_000),
    counts=_one_of(Quiz.Counting),
    reveals=_one_of(Quiz.Reveals),
    shuffles=BOOLEAN,
    is_public_practice=BOOLEAN,
    draws=_list(DRAW, 100),
)
# Its texts are bounded by the fields that they go into.
DATASET = _closed(
    slug=_code(100),
    facts={
        "type": "object",
        "properties": {"title": _text(300, 1)},
        "required": ["title"],
        "maxProperties": 40,
        "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
    },
    files=_list(_closed(name=_text(150, 1), sha256=SHA256), 200, minItems=1),
)
UPLOAD = _closed(sha256=SHA256, title=_text(255, 1), name=_text(200, 1))
COMPETENCY = _closed(
    framework=_code(60), code=_text(80, 1), level=_number(1, 8), exercise=_or_null(_code(80)), quiz=_or_null(_code(80))
)
FILE = _closed(
    path={"type": "string", "pattern": "^(notebooks|data|images|documents)/[0-9a-f]{16}([.][a-z0-9]{1,8})?$"},
    sha256=SHA256,
    size=_number(0, MOST_FILE_BYTES),
)
SCHEMA: Shape = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Course package",
    **_closed(
        type={"const": "CoursePackage"},
        version={"const": VERSION},
        source=_closed(site=_text(300), provider=_text(200)),
        is_complete=BOOLEAN,
        left_out=_list(_text(300), 500),
        course=COURSE,
        exercises=_list(EXERCISE, 300),
        banks=_list(BANK, 100),
        quizzes=_list(QUIZ, 300),
        datasets=_list(DATASET, 300),
        images=_list(UPLOAD, 1000),
        documents=_list(UPLOAD, 1000),
        competencies=_list(COMPETENCY, 500),
        files=_list(FILE, MOST_FILES),
    ),
}
