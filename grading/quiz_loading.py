"""A file of items into the site, and a bank of the site into a file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from grading.models import ItemBank, Quiz, QuizDraw, QuizItemVersion
from grading.quizzes import banks

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


@dataclass(frozen=True, slots=True)
class Loaded:
    """The bank, how many items are new, changed, or as they were, and the file's quizzes as they now are."""

    bank: ItemBank
    new: int
    changed: int
    same: int
    quizzes: list[Quiz]


@transaction.atomic
def load(bank: banks.Bank, *, author: "_User | None" = None) -> Loaded:
    """Puts what a file declares into the site. Nothing is deleted; a quiz that is there already keeps its rules."""
    titles = {"title_th": bank.title.get("th", ""), "title_en": bank.title.get("en", ""), "licence": bank.licence}
    row, _made = ItemBank.objects.get_or_create(slug=bank.code, defaults=titles)
    before = set(QuizItemVersion.objects.filter(item__bank=row).values_list("pk", flat=True))
    stored = [row.put(declared, author=author) for _item, declared in bank.items]
    added = [version for version in stored if version.pk not in before]
    new = sum(version.number == 1 for version in added)
    quizzes = [_quiz(row, declared) for declared in bank.quizzes]
    return Loaded(row, new, len(added) - new, len(stored) - len(added), quizzes)


def _quiz(bank: ItemBank, declared: banks.Quiz) -> Quiz:
    quiz, is_new = Quiz.objects.get_or_create(
        slug=declared.code,
        defaults={
            "title_th": declared.title.get("th", ""),
            "title_en": declared.title.get("en", declared.title.get("th", "")),
            "intro_th": declared.intro.get("th", ""),
            "intro_en": declared.intro.get("en", ""),
            "pass_percent": declared.pass_percent,
            "max_attempts": declared.max_attempts,
            "minutes": declared.minutes,
            "cooldown_minutes": declared.cooldown_minutes,
        },
    )
    if is_new:
        QuizDraw.objects.bulk_create(
            QuizDraw(quiz=quiz, bank=bank, pool=one.pool, difficulty=one.difficulty, count=one.count, sort_order=order)
            for order, one in enumerate(declared.draws)
        )
    return quiz


def declared(bank: ItemBank) -> banks.Bank:
    """The bank's items in use, by their newest versions, ready to be written to a file."""
    newest = bank.items.drawable().order_by("code").values_list("version", flat=True)  # type: ignore[attr-defined]
    versions = QuizItemVersion.objects.in_bulk(list(newest))
    items = [(versions[pk].declared, versions[pk].content) for pk in newest]
    return banks.Bank(bank.slug, {"th": bank.title_th, "en": bank.title_en or bank.title_th}, bank.licence, items)
