import pytest
from django.test import Client
from django.urls import reverse

from courses import quiz_blocks
from grading.models import ItemBank, Quiz, QuizDraw, QuizItem
from grading.quizzes import items
from grading.quizzes.items import KINDS
from tests.courses.quizzes import make_bank, make_quiz
from tests.grading.items import PARAMETRISED, item, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(instructor):
    client = Client()
    client.force_login(instructor)
    return client


def admin(model, action, *args):
    return reverse(f"wagtailsnippets_grading_{model}:{action}", args=args)


def listed(name, count, rows):
    """The fields that a list block sends."""
    sent = {f"{name}-count": str(count)}
    for i, row in enumerate(rows):
        sent |= {
            f"{name}-{i}-deleted": "",
            f"{name}-{i}-order": str(i),
            f"{name}-{i}-type": "item",
            f"{name}-{i}-id": "",
        }
        sent |= {f"{name}-{i}-value{'-' + key if key else ''}": value for key, value in row.items()}
    return sent


def form(bank, **changes):
    """What the browser sends for an item with one right choice."""
    value = "content-0-value"
    choices = [
        {"text-th": "ก", "text-en": "A", "feedback-th": "ยังไม่ใช่", "feedback-en": "", f"{''}feedback-en": ""},
        {"text-th": "ข", "text-en": "B", "correct": "on", "feedback-th": "", "feedback-en": ""},
    ]
    sent = {
        "bank": bank.pk,
        "code": "b1-01",
        "is_active": "on",
        "prompt_th": "ข้อใดถูก",
        "prompt_en": "Which?",
        "source_th": "บทเรียน A1",
        "source_en": "",
        "explanation_th": "",
        "explanation_en": "",
        "points": "1",
        "level": "2",
        "topic": "b1",
        "tags": "scenario, การเงิน"[:8],
        "content-count": "1",
        "content-0-deleted": "",
        "content-0-order": "0",
        "content-0-type": "single",
        "content-0-id": "",
        f"{value}-shuffle": "on",
        **{
            key: one
            for name in ("parameters", "values", "where")
            for key, one in listed(f"{value}-{name}", 0, []).items()
        },
        **listed(f"{value}-choices", 2, choices),
    }
    return sent | changes


# --- The form and the declared format ---


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_declared_comes_through_the_form_unchanged(kind):
    declared = item(kind)
    block = quiz_blocks.Question()
    value = block.clean(block.to_python(quiz_blocks.to_block(declared)))
    common = {name: declared[name] for name in ("id", "prompt", "source")}
    assert items.read(common | quiz_blocks.from_block(value)) == items.read(declared)


def test_numbers_that_differ_come_through_the_form():
    declared = item("numeric", **PARAMETRISED, values={"rest": "budget - spent"})
    declared["parameters"] |= {
        "place": {"choices": [text("ตรัง", "Trang"), text("เลย", "Loei")]},
        "n": {"choices": [1, 2.5]},
    }
    block = quiz_blocks.Question()
    value = block.clean(block.to_python(quiz_blocks.to_block(declared)))
    common = {name: declared[name] for name in ("id", "prompt", "source")}
    assert items.read(common | quiz_blocks.from_block(value)) == items.read(declared)


# --- Pages ---


def test_an_author_writes_an_item(author):
    bank = make_bank()
    page = author.get(admin("quizitem", "add"))
    assert page.status_code == 200
    answer = author.post(admin("quizitem", "add"), form(bank))
    assert answer.status_code == 302, answer.context["form"].errors
    row = QuizItem.objects.get(code="b1-01")
    assert (row.kind, row.pool, row.current.declared.choices[1].is_correct) == ("single", "b1", True)
    assert row.current.author is not None
    edited = author.get(admin("quizitem", "edit", row.pk))
    assert "ข้อใดถูก" in edited.text
    author.post(admin("quizitem", "edit", row.pk), form(bank, prompt_th="ข้อใดถูกต้อง", code="other"))
    row.refresh_from_db()
    assert (row.code, row.current.number, row.current.declared.prompt["th"]) == ("b1-01", 2, "ข้อใดถูกต้อง")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_opened_for_editing(author, kind):
    make_bank()
    row = QuizItem.objects.filter(kind=kind).first()
    assert author.get(admin("quizitem", "edit", row.pk)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"content-0-value-choices-0-value-correct": "on"}, "เพียงข้อเดียว"),
        ({"content-0-value-choices-1-value-text-th": "ก"}, "ซ้ำกัน"),
        ({"code": "ข้อ-๑"}, "a-z, 0-9"),
        ({"code": "a1-01"}, "มีข้อสอบรหัสนี้แล้ว"),
        ({"content-count": "0"}, ""),
        ({"points": "ห้า"}, ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(author, changes, said):
    bank = make_bank()
    before = QuizItem.objects.count()
    page = author.post(admin("quizitem", "add"), form(bank) | changes)
    assert page.status_code == 200
    assert said in str(page.context["form"].errors)
    assert QuizItem.objects.count() == before


def test_an_author_makes_a_bank_and_a_quiz(author):
    author.post(admin("itembank", "add"), {"slug": "x", "title_th": "คลัง", "title_en": "", "licence": "CC0"})
    bank = ItemBank.objects.get(slug="x")
    sent = {
        "slug": "q1", "title_th": "แบบทดสอบ", "title_en": "Quiz", "pass_percent": "70", "cooldown_minutes": "0",
        "counts": "best", "reveals": "feedback", "is_open": "on",
        **listed("drawn", 1, [{"bank": bank.pk, "pool": "a1", "difficulty": "", "count": "8"}]),
    }  # fmt: skip
    answer = author.post(admin("quiz", "add"), sent)
    assert answer.status_code == 302, answer.context["form"].errors
    quiz = Quiz.objects.get(slug="q1")
    assert quiz.count == 8
    author.post(admin("quiz", "edit", quiz.pk), sent | {"drawn-0-value-count": "5", "drawn-0-value-difficulty": "2"})
    assert [(draw.count, draw.difficulty) for draw in QuizDraw.objects.all()] == [(5, 2)]
    assert reverse("courses:quiz_practice", args=["q1"]) in author.get(admin("quiz", "edit", quiz.pk)).text


@pytest.mark.parametrize("model", ["itembank", "quizitem", "quiz"])
def test_lists_are_for_authors_and_nothing_is_ever_deleted(author, model, learner, hr_officer):
    make_quiz(make_bank())
    assert author.get(admin(model, "list")).status_code == 200
    first = {"itembank": ItemBank, "quizitem": QuizItem, "quiz": Quiz}[model].objects.first()
    assert author.post(admin(model, "delete", first.pk)).status_code in (302, 403)
    assert type(first).objects.filter(pk=first.pk).exists()
    for person in (learner, hr_officer):
        client = Client()
        client.force_login(person)
        assert client.get(admin(model, "list")).status_code in (302, 403)
    assert Client().get(admin(model, "list")).status_code == 302


@pytest.mark.parametrize("model", ["itembank", "quizitem", "quiz"])
def test_lists_take_as_many_queries_for_thirty_rows_as_for_one(author, model, django_assert_max_num_queries):
    bank = make_bank()
    for number in range(30):
        bank.put(item("text", id=f"z-{number:02}"))
        make_quiz(make_bank(f"bank-{number}"), slug=f"quiz-{number}")
    author.get(admin(model, "list"))
    with django_assert_max_num_queries(35):
        author.get(admin(model, "list"))


# --- Less to click ---


def test_items_are_written_one_after_the_other(author):
    bank = make_bank()
    begun = author.get(admin("quizitem", "add"), {"bank": bank.pk, "topic": "b9", "kind": "match"})
    told = begun.context["form"].initial
    assert (told["bank"], told["topic"], told["code"]) == (bank.pk, "b9", "b9-01")
    assert [block.block_type for block in told["content"]] == ["match"]
    saved = author.post(admin("quizitem", "add"), form(bank, code="b9-01", topic="b9"), follow=True)
    assert "เขียนข้อถัดไป" in saved.text
    again = author.get(admin("quizitem", "add"), {"bank": bank.pk, "topic": "b9", "kind": "single"})
    assert again.context["form"].initial["code"] == "b9-02"
    choices = again.context["form"].initial["content"][0].value["choices"]
    assert len(choices) == 4
    # Every field is there and empty: the browser writes "undefined" where one is missing.
    assert all({"th", "en"} == one["text"].keys() == one["feedback"].keys() for one in choices)
    assert not any(one["text"]["en"] or one["correct"] for one in choices)


@pytest.mark.parametrize("bank", ["x", "๑", "-1", "9" * 40, "", "0"])
def test_a_bank_that_there_is_not_begins_an_empty_item(author, bank):
    assert author.get(admin("quizitem", "add"), {"bank": bank, "kind": "<b>"}).status_code == 200
    assert author.get(admin("quiz", "add"), {"bank": bank}).status_code == 200


def test_a_bank_leads_to_its_first_item_and_to_a_quiz_of_its_items(author):
    sent = {"slug": "new-bank", "title_th": "คลังใหม่", "title_en": "", "licence": "CC BY 4.0", "provider": ""}
    page = author.post(admin("itembank", "add"), sent, follow=True)
    bank = ItemBank.objects.get(slug="new-bank")
    assert f"{admin('quizitem', 'add')}?bank={bank.pk}" in page.text
    assert f"{admin('quiz', 'add')}?bank={bank.pk}" in page.text
    drawn = author.get(admin("quiz", "add"), {"bank": bank.pk}).context["form"].initial["drawn"]
    assert [draw["bank"] for draw in drawn] == [str(bank.pk)]


def test_a_quiz_that_asks_for_more_items_than_there_are_says_so(author):
    quiz = make_quiz(make_bank())
    draws = [
        {"bank": str(draw.bank_id), "pool": draw.pool, "difficulty": "", "count": "99"} for draw in quiz.draws.all()
    ]
    sent = {
        "slug": quiz.slug, "title_th": "ก", "title_en": "a", "provider": "", "intro_th": "", "intro_en": "",
        "pass_percent": "70", "minutes": "", "max_attempts": "", "cooldown_minutes": "0", "counts": "best",
        "opens_at": "", "due_at": "", "reveals": quiz.reveals, "shuffles": "on", "is_open": "on",
        **listed("drawn", len(draws), draws),
    }  # fmt: skip
    page = author.post(admin("quiz", "edit", quiz.pk), sent, follow=True)
    assert "จึงยังไม่มีผู้ใดเริ่มทำได้" in page.text
