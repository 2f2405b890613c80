from django.utils.safestring import mark_safe

from courses.terms import keep_whole


def test_key_terms_stay_whole():
    assert '<span class="term">ธรรมาภิบาล</span>' in keep_whole("หลักสูตรธรรมาภิบาลข้อมูล")


def test_plain_text_is_escaped():
    assert keep_whole("<b>ภาครัฐ") == '&lt;b&gt;<wbr><span class="term">ภาครัฐ</span><wbr>'


def test_attributes_of_safe_html_are_left_alone():
    html = keep_whole(mark_safe('<a title="วุฒิบัตร">วุฒิบัตร</a>'))
    assert html == '<a title="วุฒิบัตร"><wbr><span class="term">วุฒิบัตร</span><wbr></a>'


def test_a_term_that_goes_on_is_another_word():
    assert "term" not in keep_whole("ผู้สอนๆ")


def test_english_stays_as_it_is():
    assert keep_whole("Open data") == "Open data"
