import re

import pytest
from django.test import override_settings
from django.urls import reverse
from wagtail.models import Locale, Page
from wagtail_localize.models import Translation, TranslationSource

from courses.blocks import VideoBlock, placed_exercises
from courses.models import CoursePage, LessonPage, ModulePage
from tests.courses.trees import grow, translate

pytestmark = pytest.mark.django_db
PATHS = ["/", "/courses/", "/courses/da-201/", "/courses/da-201/module/", "/courses/da-201/module/lesson/"]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_renders_in_both_languages(client, tree, path):
    thai, english = client.get(path), client.get(f"/en{path}")
    assert (thai.status_code, english.status_code) == (200, 200)
    assert '<html lang="th"' in thai.text
    assert '<html lang="en"' in english.text


@pytest.mark.parametrize("path", PATHS)
def test_the_language_switch_stays_on_the_page(client, tree, path):
    assert f'<a href="/en{path}" lang="en"' in client.get(path).text
    assert f'<a href="{path}" lang="th"' in client.get(f"/en{path}").text


def test_the_switch_of_an_untranslated_page_leads_to_its_nearest_translated_parent(client, tree):
    grow(tree, code="DG-101", title="ธรรมาภิบาลข้อมูล", english=False)
    assert '<a href="/en/courses/" lang="en"' in client.get("/courses/dg-101/module/lesson/").text


def test_the_switch_keeps_the_query_and_turns_the_way_back_too(client, tree):
    page = client.get("/accounts/login/?next=/my/").text
    assert "/en/accounts/login/?next=%2Fen%2Fmy%2F" in page


@pytest.mark.parametrize("path", [*PATHS, "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_no_english_is_left_on_a_thai_page(client, tree, path):
    html = re.sub(r"<(script|style|head|code|pre)\b.*?</\1>", "", client.get(path).text, flags=re.DOTALL)
    html = re.sub(r'<a [^>]*lang="en".*?</a>', "", html, flags=re.DOTALL)
    texts = [text.strip() for text in re.sub(r"<[^>]*>", "\n", html).splitlines()]
    words = {word for text in texts for word in re.findall(r"[A-Za-z]{3,}", text)}
    assert words <= {"Python"}


def test_nothing_inline_that_the_content_policy_would_block(client, tree):
    for path in PATHS:
        html = client.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", html)


def test_a_thai_title_gets_a_readable_latin_address(tree):
    assert tree.course.slug == "da-201"
    assert [lesson.slug for lesson in tree.lessons] == ["lesson", "lesson-2"]
    named = ModulePage(title="ธรรมาภิบาลข้อมูลภาครัฐ")
    latin = ModulePage(title="Working with files")
    tree.course.add_child(instance=named)
    tree.course.add_child(instance=latin)
    assert (named.slug, latin.slug) == ("module-2", "working-with-files")


def test_both_languages_share_every_address_below_the_front_page(tree):
    for page in Page.objects.descendant_of(tree.home):
        assert [other.slug for other in page.get_translations()] == [page.slug]


def test_a_draft_is_not_shown(client, tree):
    tree.lessons[0].unpublish()
    assert client.get("/courses/da-201/module/lesson/").status_code == 404
    assert "บทที่ 1" not in client.get("/courses/da-201/").text


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("ข้อมูล", 2),
        ("ธรรมาภิบาล", 2),
        ("python", 1),
        ("PYTHON ข้อมูล", 1),
        ("ปีงบประมาณ", 2),
        ("ไม่มีคำนี้", 0),
        ("ทํา", 2),  # นิคหิต and า typed for ำ
        ("%", 0),
        ("\0", 2),
        ("x" * 5000, 0),
    ],
)
def test_the_catalog_finds_words_inside_thai_text(client, tree, query, hits):
    grow(tree, code="DG-101", title="ธรรมาภิบาลข้อมูลภาครัฐขั้นพื้นฐาน", english=False)
    page = client.get("/courses/", {"q": query})
    assert page.context["found"].page.paginator.count == hits
    assert page.status_code == 200


def test_what_was_searched_for_is_escaped(client, tree):
    assert "<script>alert" not in client.get("/courses/", {"q": "<script>alert(1)</script>"}).text


@pytest.mark.parametrize("number", ["0", "-1", "999", "x", ""])
def test_a_page_number_that_is_none_gives_the_nearest(client, tree, number):
    assert client.get("/courses/", {"page": number}).status_code == 200


def test_the_catalog_asks_as_much_for_thirty_courses_as_for_one(client, tree, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(100) as captured:
            client.get("/courses/")
        return len(captured)

    queries()  # fills the caches
    one = queries()
    for number in range(29):
        grow(tree, code=f"X-{number:03}", lessons=0, english=False)
    assert queries() == one


def test_a_course_page_asks_as_much_for_thirty_lessons_as_for_one(
    client, tree, learner, exercise, django_assert_max_num_queries
):
    client.force_login(learner)

    def queries(code):
        with django_assert_max_num_queries(100) as captured:
            assert client.get(f"/courses/{code}/").status_code == 200
        return len(captured)

    grow(tree, code="ONE-1", lessons=1, exercises=[exercise], english=False)
    grow(tree, code="MANY-30", lessons=30, exercises=[exercise], english=False)
    queries("one-1")
    assert queries("many-30") == queries("one-1")


def test_a_lesson_places_its_exercises_and_their_order_is_kept(tree, exercise):
    assert [placed_exercises(lesson.body.raw_data) for lesson in tree.lessons] == [[], [exercise.pk]]


def test_a_lesson_leads_to_the_exercise_and_to_its_neighbors(client, tree, exercise):
    page = client.get("/courses/da-201/module/lesson-2/").text
    assert reverse("courses:exercise", args=[exercise.slug]) in page
    assert '<a rel="prev" href="/courses/da-201/module/lesson/">' in page
    assert 'rel="next"' not in page


def test_an_exercise_that_was_deleted_leaves_the_lesson_readable(client, tree, exercise):
    exercise.versions.all().delete()
    exercise.delete()
    assert client.get("/courses/da-201/module/lesson-2/").status_code == 200


def test_a_video_block_takes_video_files_only():
    from django.core.files.base import ContentFile
    from wagtail.blocks import StructBlockValidationError
    from wagtail.documents.models import Document

    text = Document(title="not a video", file=ContentFile(b"x", name="notes.txt"))
    text.save()
    block = VideoBlock()
    value = block.to_python({"video": text.pk, "title": "x", "captions": None, "transcript": ""})
    with pytest.raises(StructBlockValidationError):
        block.clean(value)


def test_a_translation_through_the_cms_keeps_address_code_and_exercises(tree, exercise):
    english = Locale.objects.get(language_code="en")
    lesson = tree.lessons[1]
    lesson.get_translation(english).delete()
    source, _ = TranslationSource.update_or_create_from_instance(lesson)
    translation = Translation.objects.create(source=source, target_locale=english)
    translation.save_target(publish=True)
    translated = LessonPage.objects.get(locale=english, translation_key=lesson.translation_key)
    assert translated.slug == lesson.slug
    assert placed_exercises(translated.body.raw_data) == [exercise.pk]


def test_search_follows_a_changed_title(client, tree):
    course = CoursePage.objects.get(pk=tree.course.pk)
    course.title = "สถิติราชการ"
    course.save_revision().publish()
    assert client.get("/courses/", {"q": "สถิติ"}).context["found"].page.paginator.count == 1


@override_settings(DEBUG=False)
def test_a_missing_page_says_so_in_the_readers_language(client, tree):
    thai, english = client.get("/nothing/"), client.get("/en/nothing/")
    assert (thai.status_code, english.status_code) == (404, 404)
    assert "ไม่พบหน้านี้" in thai.text
    assert "Page not found" in english.text


def test_a_course_of_one_language_is_shown_on_its_own_tree_only(client, tree):
    grow(tree, code="DG-101", title="ธรรมาภิบาลข้อมูล", english=False)
    assert "DG-101" in client.get("/courses/").text
    assert "DG-101" not in client.get("/en/courses/").text


def test_translations_follow_when_the_thai_page_is_copied(tree):
    english = Locale.objects.get(language_code="en")
    module = ModulePage.objects.get(locale__language_code="th")
    extra = LessonPage(title="บทเสริม", minutes=5)
    module.add_child(instance=extra)
    assert translate(extra, english, title="Extra").slug == extra.slug == "lesson-3"
