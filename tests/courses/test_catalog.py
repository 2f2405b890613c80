import pytest
from django.http import QueryDict

from courses import catalog, facets, thai_words
from courses.facets import Facet
from courses.models import CoursePage, LessonPage
from grading.thai_order import sort_key
from tests.courses.trees import grow, text_block

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(tree):
    """Three courses that differ: one has English, one is long, one is for technology."""
    first = tree.course
    first.areas, first.roles = ["health"], ["service"]
    long = grow(tree, code="LG-1", title="ไกลสุด", lessons=1, english=False)
    long.theory_hours, long.areas, long.roles = 40, ["health", "labour"], ["technology"]
    short = grow(tree, code="SH-1", title="กล้วยและข้าว", lessons=1, english=False)
    short.theory_hours, short.practice_hours, short.level = 2, 1, "advanced"
    for course in (first, long, short):
        course.save()
    return tree


def codes(client, **asked):
    return [course.code for course in client.get("/courses/", asked).context["found"].page.object_list]


def counts(client, name, **asked):
    shown = {facet.name: facet for facet in client.get("/courses/", asked).context["found"].facets}
    return {choice.value: choice.count for choice in shown[name].choices}


def test_courses_stand_in_the_order_of_the_thai_alphabet(client, three):
    assert codes(client) == ["SH-1", "LG-1", "DA-201"]


def test_facets_narrow_and_tell_how_many_are_left(client, three):
    assert codes(client, area="health") == ["LG-1", "DA-201"]
    assert codes(client, area=["health", "labour"]) == ["LG-1", "DA-201"]  # one of them is enough
    assert codes(client, area="health", role="technology") == ["LG-1"]
    assert codes(client, hours="short") == ["SH-1"]
    assert codes(client, language="en") == ["DA-201"]
    assert codes(client, level="advanced", area="health") == []
    assert counts(client, "area") == {"health": 2, "labour": 1}
    assert counts(client, "hours", area="health") == {"long": 1, "longer": 1}
    assert counts(client, "language") == {"th": 3, "en": 1}


@pytest.mark.parametrize("asked", [{"area": "nowhere"}, {"level": "'; drop"}, {"hours": ["", "x"]}, {"role": "๙"}])
def test_a_choice_that_there_is_not_narrows_nothing(client, three, asked):
    assert len(codes(client, **asked)) == 3


def test_the_way_to_the_next_page_keeps_query_and_choices(client, tree):
    for number in range(13):
        grow(tree, code=f"X-{number}", lessons=0, english=False)
    page = client.get("/courses/", {"q": "ข้อมูล", "level": "foundation", "page": "1"})
    assert "&amp;level=foundation&amp;page=2" in page.text
    assert len(client.get("/courses/", {"q": "ข้อมูล", "level": "foundation", "page": "2"}).context["found"].page) == 2


def test_words_of_lessons_are_found_and_lead_to_the_lesson(client, tree):
    lesson = tree.lessons[0]
    lesson.body = lesson.body.stream_block.to_python([text_block("<p>ค่ามัธย<b>ฐาน</b> &amp; ลูกระนาด</p>")])
    lesson.save()
    page = client.get("/courses/", {"q": "ลูกระนาด"})
    assert [found.pk for found in page.context["found"].lessons] == [lesson.pk]
    assert 'href="/courses/da-201/module/lesson/"' in page.text
    lesson.unpublish()
    assert codes(client, q="ลูกระนาด") == []


def test_a_course_is_found_by_the_words_of_its_translation(client, tree):
    assert codes(client, q="summarise open government") == ["DA-201"]


def test_what_nobody_says_whole_is_found_by_its_pieces(client, tree):
    grow(tree, code="DG-101", title="ธรรมาภิบาลข้อมูลภาครัฐ", english=False)
    assert codes(client, q="อยากเรียนเรื่องธรรมาภิบาลของประชาชน")[:1] == ["DG-101"]
    assert codes(client, q="จระเข้ว่ายน้ำ") == []


def test_a_query_is_cut_at_words_that_are_known():
    assert thai_words.pieces("วิธีลบข้อมูลซ้ำ") == ["ลบ", "ข้อมูล", "ซ้ำ"]
    assert thai_words.pieces("จระเข้ python") == ["จระเข้", "python"]
    assert thai_words.pieces("") == []


def test_a_search_asks_as_much_for_thirty_courses_as_for_one(client, tree, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(100) as captured:
            client.get("/courses/", {"q": "ข้อมูล ภาครัฐ", "level": "foundation"})
        return len(captured)

    queries()
    one = queries()
    for number in range(29):
        grow(tree, code=f"X-{number:03}", lessons=1, english=False)
    assert queries() == one


@pytest.mark.parametrize("query", ["%", "_", "\\", "(", "[a-", "'", "\0", "๐" * 500, "​", "<b>"])
def test_hostile_queries_are_only_words(client, tree, query):
    assert client.get("/courses/", {"q": query}).status_code == 200


def test_an_empty_catalogue_says_so(client, tree):
    CoursePage.objects.all().update(live=False)
    LessonPage.objects.all().update(live=False)
    assert "ยังไม่มีหลักสูตร" in client.get("/courses/").text


def test_what_is_chosen_and_left_by_nothing_can_still_be_taken_back():
    facet = Facet("kind", "Kind", [("a", "A"), ("b", "B")], lambda row: [row])
    rows, shown = facets.narrow(["a", "a"], [facet], {"kind": {"b"}})
    assert rows == []
    assert [(choice.value, choice.count, choice.is_chosen) for choice in shown[0].choices] == [
        ("a", 2, False),
        ("b", 0, True),
    ]


def test_names_are_sorted_as_in_a_thai_dictionary():
    names = ["กอง", "ก้อง", "กาญจนา", "กิ่งแก้ว", "เกศินี", "แก้ว", "ขวัญ", "ไข่มุก", "จันทร์", "เจริญ", "ณัฐ"]
    by_code_point = sorted(names)
    assert sorted(by_code_point, key=sort_key) == names != by_code_point
    assert sorted(["แก้ว", "Beta", "กอง", "alpha"], key=sort_key) == ["alpha", "Beta", "กอง", "แก้ว"]
    assert sorted(["น้ำ", "นำ", "นา", "น้า"], key=sort_key) == ["นา", "น้า", "นำ", "น้ำ"]


def test_the_catalog_can_be_asked_without_a_request(tree):
    found = catalog.search(CoursePage.objects.live().filter(locale__language_code="th"), QueryDict("q=python"))
    assert [course.code for course in found.page.object_list] == ["DA-201"]


def test_courses_are_found_by_the_competencies_that_they_show(client, three):
    from courses.models import Competency, CourseCompetency, Framework

    kept = Framework.objects.create(slug="kept", version="1", name_th="กรอบ", name_en="Frame")
    old = Framework.objects.create(slug="old", version="0", name_th="กรอบเดิม", name_en="Old", is_current=False)
    sharing, gone = (
        Competency.objects.create(framework=of, code=of.slug, name_th=f"ข้อ {of.slug}", name_en="x")
        for of in (kept, old)
    )
    for competency in (sharing, gone):
        CourseCompetency.objects.create(course_key=three.course.translation_key, competency=competency)
    assert counts(client, "competency") == {str(sharing.pk): 1}
    assert codes(client, competency=str(sharing.pk)) == ["DA-201"]
