import unicodedata

import pytest

from grading.thai_fold import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("น้ำ", "น\u0e49\u0e4d\u0e32"),
        ("น้ำ", "น\u0e33\u0e49"),
        ("แก้ว", "เเก้ว"),
        ("ที่", "ท\u0e48\u0e35"),
        ("ข้อมูล", "ข้อมูล\u200b"),
        ("ปี 2568", "ปี  ๒๕๖๘"),
        ("ปี 2568", "ปี\u00a0๒๕๖๘ "),
        ("กำ", "ก\u0e4d\u0e32"),
    ],
)
def test_what_looks_the_same_folds_to_the_same(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("word", ["จำนวน", "น้ำ", "สำเร็จ", "ทำ", "ข้อมูล", "ค่ำ"])
def test_what_python_does_to_names_is_undone(word):
    assert fold(unicodedata.normalize("NFKC", word)) == word


@pytest.mark.parametrize(("one", "other"), [("มา", "ม้า"), ("กา", "กำ"), ("แก", "เก"), ("ab", "a b"), ("ผล", "ผล1")])
def test_different_words_stay_different(one, other):
    assert fold(one) != fold(other)
