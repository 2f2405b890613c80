import pytest
from django.core import mail
from django.urls import reverse

from courses import discussing, post_text
from courses.models import Enrollment, Post, PostReport, UnwantedLetter
from lms.accounts.roles import ensure_roles
from lms.privacy import erasing
from tests.conftest import make_person
from tests.courses.trees import make_grade

CODE = "df = pd.read_csv('x.csv', encoding='cp874')"
ASKED = f"ทำไมอ่านไฟล์แล้วเป็นตัวประหลาด\n```\n{CODE}\n```\nขอบคุณ"


# --- Text and code ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", []),
        ("\n \n", []),
        ("สวัสดี", [("สวัสดี", False)]),
        ("ก\n```python\nx\n```\nข", [("ก", False), ("x", True), ("ข", False)]),
        ("ก\n~~~\nx\r\n\r\ny", [("ก", False), ("x\n\ny", True)]),  # a fence left open hides the rest
        (f"ลองแบบนี้\n{CODE}\nดูครับ", [("ลองแบบนี้", False), (CODE, True), ("ดูครับ", False)]),
        ("<script>alert(1)</script>", [("<script>alert(1)</script>", False)]),
    ],
)
def test_prose_and_code_are_told_apart(text, told):
    assert [(part.text, part.is_code) for part in post_text.parts(text)] == told


@pytest.mark.parametrize(
    "line",
    [
        "import pandas as pd",
        "from x import y",
        "def clean(s):",
        "    return s.strip()",
        "for row in rows:",
        "if x == 3:",
        "else:",
        "print(df.head())",
        "df['จำนวน'] = df['จำนวน'].map(f)",
        "df.groupby('ปี').sum()",
        "x += 1",
        "@cache",
    ],
)
def test_a_statement_is_code_without_a_fence(line):
    assert post_text.looks_like_code(line)


@pytest.mark.parametrize(
    "line",
    [
        "ผมลองเปลี่ยน encoding แล้วยังไม่ได้",
        "ค่าเฉลี่ย = ผลรวม หาร จำนวน ใช่ไหม",
        "If you see this, try again:",
        "What is the mean of a column",
        "ปีงบประมาณ 2568 เริ่มเดือนไหน",
        "- ข้อหนึ่ง",
    ],
)
def test_a_sentence_is_no_code(line):
    assert not post_text.looks_like_code(line)


def test_what_nobody_sees_is_left_out():
    assert post_text.tidy(" ก\0\u200bข\x1b\r\nค ") == "กข\nค"


# --- Who reads what --------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrolled(tree, learner, other_learner):
    for person in (learner, other_learner):
        Enrollment.objects.enroll(learner=person, course_key=tree.course.translation_key)
    ensure_roles()
    return tree


@pytest.fixture
def passed(enrolled, learner, exercise):
    """One who has passed, and has asked."""
    make_grade(learner, exercise, score=9)
    return Post.objects.create(exercise=exercise, author=learner, title="อ่านไฟล์ไม่ออก", text=ASKED)


def at(exercise):
    return reverse("courses:topics", args=[exercise.slug])


def of(post):
    return reverse("courses:topic", args=[post.exercise.slug, post.pk])


def act(client, post, do, **more):
    return client.post(reverse("courses:post_act", args=[post.pk]), {"do": do, **more})


def test_it_opens_with_ones_own_first_submission(client, passed, other_learner, exercise):
    client.force_login(other_learner)
    for address in (at(exercise), of(passed)):
        page = client.get(address)
        assert page.status_code == 403
        assert "เปิดเมื่อท่านส่งคำตอบ" in page.text
        assert passed.title not in page.text
        assert client.post(address, {"title": "x", "text": "y"}).status_code == 403
    assert act(client, passed, "report", reason="x").status_code == 404
    make_grade(other_learner, exercise, score=1)
    assert passed.title in client.get(at(exercise)).text


def test_who_is_not_enrolled_finds_nothing_and_a_stranger_logs_in(client, passed, exercise, hr_officer):
    assert client.get(at(exercise)).url.startswith("/accounts/login/")
    for person in (hr_officer, make_person("x@example.go.th", "คนนอก")):
        client.force_login(person)
        assert client.get(at(exercise)).status_code == 404
        assert client.get(of(passed)).status_code == 404


def test_code_is_shown_to_those_who_have_passed_and_to_nobody_before(
    client, passed, other_learner, exercise, instructor
):
    make_grade(other_learner, exercise, score=1)
    client.force_login(other_learner)
    page = client.get(of(passed)).text
    assert "ทำไมอ่านไฟล์" in page
    assert "ตรงนี้มีโค้ด" in page
    assert "read_csv" not in page
    make_grade(other_learner, exercise, score=8, attempt=2)
    assert "read_csv" in client.get(of(passed)).text
    for person in (passed.author, instructor):
        client.force_login(person)
        assert "read_csv" in client.get(of(passed)).text


def test_one_sees_ones_own_code_before_passing(client, enrolled, other_learner, exercise):
    make_grade(other_learner, exercise, score=1)
    client.force_login(other_learner)
    client.post(at(exercise), {"title": "ถาม", "text": ASKED})
    assert "read_csv" in client.get(of(Post.objects.get())).text


def test_a_post_that_gives_a_solution_away_is_hidden_whole(client, passed, other_learner, exercise, instructor):
    Post.objects.update(text="ใช้ encoding ชื่อ cp874 แล้วตอบ 3085")
    client.force_login(instructor)
    act(client, passed, "solution")
    make_grade(other_learner, exercise, score=1)
    client.force_login(other_learner)
    assert "3085" not in client.get(of(passed)).text


@pytest.mark.parametrize("text", ["<b>x</b><script>alert(1)</script>", "```\n</code></pre><script>\n```"])
def test_nothing_written_is_markup(client, passed, learner, text):
    Post.objects.update(text=text, title="<i>หัวข้อ</i>")
    client.force_login(learner)
    for address in (of(passed), at(passed.exercise)):
        page = client.get(address).text
        assert "<script>alert" not in page
        assert "</code></pre><script>" not in page
        assert "<i>" not in page


# --- Writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [{}, {"title": "x"}, {"text": "x"}, {"title": " ", "text": " "}, {"title": "x" * 151, "text": "y"}, {"title": "x", "text": "y" * 8001}, {"title": "\u200b", "text": "\0\u200b"}])  # fmt: skip # noqa: E501
def test_what_says_nothing_or_too_much_is_refused(client, passed, learner, exercise, sent):
    client.force_login(learner)
    assert client.post(at(exercise), sent).status_code == 422
    assert Post.objects.count() == 1


def test_nobody_floods(client, passed, learner, exercise):
    client.force_login(learner)
    answers = [client.post(of(passed), {"text": f"ข้อ {number}"}).status_code for number in range(12)]
    assert answers.count(302) == 9
    assert answers[-1] == 422


def test_those_who_wrote_before_are_told_unless_they_do_not_want_to_be(
    client, passed, learner, other_learner, exercise, django_capture_on_commit_callbacks
):
    make_grade(other_learner, exercise, score=1)
    third = make_person("c@example.go.th", "สาม", language="en")
    Post.objects.create(exercise=exercise, author=third, topic=passed, text="ฉันด้วย")
    client.force_login(other_learner)

    def reply():
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            client.post(of(passed), {"text": CODE})
        return {message.to[0]: message for message in mail.outbox}

    told = reply()
    assert set(told) == {learner.email, third.email}
    assert told[learner.email].subject == "มีคำตอบใหม่: อ่านไฟล์ไม่ออก"
    assert told[third.email].subject == "New reply: อ่านไฟล์ไม่ออก"
    assert all("read_csv" not in message.body and of(passed) in message.body for message in told.values())
    client.force_login(learner)
    client.post("/my/letters/", {"wanted": ["reminders"]})
    client.force_login(other_learner)
    assert set(reply()) == {third.email}


def test_wanting_is_everybodys_own_matter(client, learner, other_learner):
    client.force_login(learner)
    client.post("/my/letters/", {"wanted": ["nonsense"]})
    assert set(UnwantedLetter.objects.values_list("reader", "kind")) == {
        (learner.pk, "replies"),
        (learner.pk, "reminders"),
    }
    client.post("/my/letters/", {"wanted": ["replies", "reminders"]})
    assert not UnwantedLetter.objects.exists()
    client.logout()
    assert client.get("/my/letters/").status_code == 302


# --- Answers and moderation ------------------------------------------------------------------------------------------


def test_who_asked_marks_the_answer_and_topics_are_filtered_by_it(client, passed, learner, other_learner, exercise):
    reply = Post.objects.create(exercise=exercise, author=other_learner, topic=passed, text="cp874")
    make_grade(other_learner, exercise, score=1)
    client.force_login(other_learner)
    assert act(client, reply, "answer").status_code == 403
    client.force_login(learner)

    def shows(filter_):
        return passed.title in client.get(f"{at(exercise)}?show={filter_}").text

    assert (shows("open"), shows("answered"), shows("mine")) == (True, False, True)
    act(client, reply, "answer")
    assert (shows("open"), shows("answered")) == (False, True)
    act(client, reply, "answer")
    assert shows("open")


def test_only_the_author_takes_a_post_back_and_the_text_is_gone(client, passed, learner, other_learner, exercise):
    make_grade(other_learner, exercise, score=9)
    client.force_login(other_learner)
    assert act(client, passed, "take-back").status_code == 403
    client.force_login(learner)
    act(client, passed, "take-back")
    passed.refresh_from_db()
    assert passed.text == ""
    assert "ผู้เขียนลบข้อความนี้แล้ว" in client.get(of(passed)).text
    assert client.post(of(passed), {"text": "อีกครั้ง"}).status_code == 422


@pytest.mark.parametrize("do", ["hide", "show", "solution", "no-solution", "settle", "nonsense"])
def test_learners_do_not_moderate(client, passed, learner, do):
    client.force_login(learner)
    assert act(client, passed, do).status_code in (400, 403)


def test_a_report_reaches_the_desk_and_hiding_settles_it(client, passed, other_learner, exercise, instructor):
    make_grade(other_learner, exercise, score=1)
    client.force_login(other_learner)
    act(client, passed, "report", reason="")
    for _twice in (1, 2):
        act(client, passed, "report", reason="มีข้อมูลส่วนบุคคล")
    assert PostReport.objects.count() == 1
    assert client.get("/cms/discussions/").status_code in (302, 403)
    client.force_login(instructor)
    assert "มีข้อมูลส่วนบุคคล" in client.get("/cms/discussions/").text
    act(client, passed, "hide", reason="ข้อมูลส่วนบุคคล")
    passed.refresh_from_db()
    assert (passed.hidden_by, passed.hidden_reason) == (instructor, "ข้อมูลส่วนบุคคล")
    assert "มีข้อมูลส่วนบุคคล" not in client.get("/cms/discussions/").text
    client.force_login(other_learner)
    assert client.get(of(passed)).status_code == 404
    assert passed.title not in client.get(at(exercise)).text
    client.force_login(instructor)
    act(client, passed, "show")
    client.force_login(other_learner)
    assert client.get(of(passed)).status_code == 200


def test_thirty_topics_and_replies_ask_as_much_as_one(client, passed, learner, exercise, django_assert_max_num_queries):
    client.force_login(learner)

    def queries(address):
        client.get(address)
        with django_assert_max_num_queries(40) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    Post.objects.create(exercise=exercise, author=learner, topic=passed, text="ก")
    one = [queries(at(exercise)), queries(of(passed))]
    for number in range(30):
        person = make_person(f"p{number}@example.go.th", "คน")
        Post.objects.create(exercise=exercise, author=person, title=f"หัวข้อ {number}", text="ก")
        Post.objects.create(exercise=exercise, author=person, topic=passed, text="ก")
    assert [queries(at(exercise)), queries(of(passed))] == one


def test_an_instructor_of_another_provider_sees_nothing_of_it(client, passed, learner, instructor, exercise):
    from grading.models import Exercise, Provider

    theirs = Provider.objects.create(slug="b", name_th="ผู้จัด ข")
    Exercise.objects.filter(pk=exercise.pk).update(provider=theirs)
    client.force_login(instructor)
    assert client.get(of(passed)).status_code == 404
    assert act(client, passed, "hide").status_code == 404
    assert passed.title not in client.get("/cms/discussions/").text
    theirs.admit(instructor, "lead")
    assert client.get(of(passed)).status_code == 200
    assert passed.title in client.get("/cms/discussions/").text


def test_what_others_replied_stays_when_the_author_of_a_topic_is_erased(client, learner, other_learner, exercise, tree):
    for person in (learner, other_learner):
        Enrollment.objects.enroll(learner=person, course_key=tree.course.translation_key)
        make_grade(person, exercise, 10)
    topic = discussing.write(exercise, learner, title="น้ำฝนถาม", text="ทำไมอ่านไฟล์ไม่ได้")
    lonely = discussing.write(exercise, learner, title="ไม่มีใครตอบ", text="…")
    reply = discussing.write(exercise, other_learner, text="ลอง cp874", topic=topic)
    own = discussing.write(exercise, learner, text="ขอบคุณครับ", topic=topic)

    erasing.erase(learner, keeps_credentials=False)

    assert not Post.objects.filter(pk__in=[lonely.pk, own.pk]).exists()
    assert Post.objects.get(pk=reply.pk).text == "ลอง cp874"
    kept = Post.objects.get(pk=topic.pk)
    assert (kept.author, kept.title, kept.text) == (None, "–", "")
    client.force_login(other_learner)
    page = client.get(f"/exercises/{exercise.slug}/discussion/{topic.pk}/")
    assert "ลอง cp874" in page.text
    assert client.get(f"/exercises/{exercise.slug}/discussion/").status_code == 200
