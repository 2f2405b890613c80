import pytest

from lms.accounts.names import NameRefused, clean_latin_name, clean_name, full_name


@pytest.mark.parametrize(
    "name",
    ["น้ำฝน", "ปิ่น", "กฤษฏิ์", "สมชาย ณ อยุธยา", "ม.ร.ว.", "O’Brien", "Anne-Marie", "José", "ญู ฐู", "ดร.", "李"],
)
def test_names_keep_every_mark(name):
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  น้ำฝน  ใจดี ", "น้ำฝน ใจดี"),
        ("น้ำ\u200bฝน", "น้ำฝน"),
        ("\ufeffปิ่น\u00a0", "ปิ่น"),
        ("สม\u202eชาย", "สมชาย"),
        ("Jose\u0301", "José"),
        ("", ""),
        (" \u200b ", ""),
    ],
)
def test_invisible_characters_are_taken_out(typed, kept):
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123", "characters"),
        ("<script>", "characters"),
        ("http://x.example", "characters"),
        ("สมชาย\0", "characters"),
        ("a😀", "characters"),
        ("\u0e34น", "start"),
        ("-", "start"),
        ("'; drop", "characters"),
    ],
)
def test_what_is_no_name_is_refused(typed, code):
    with pytest.raises(NameRefused) as refused:
        clean_name(typed)
    assert refused.value.code == code


def test_the_english_name_is_latin():
    assert clean_latin_name("Namfon Jaidee") == "Namfon Jaidee"
    with pytest.raises(NameRefused, match="latin"):
        clean_latin_name("น้ำฝน")


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (("นาย", "สมชาย", "ใจดี"), "นายสมชาย ใจดี"),
        (("ว่าที่ร้อยตรี", "สมชาย", "ใจดี"), "ว่าที่ร้อยตรี สมชาย ใจดี"),
        (("", "ปิ่น", ""), "ปิ่น"),
        (("นาย", "John", "Smith"), "นาย John Smith"),
        (("ม.ร.ว.", "ปิ่น", "ณ อยุธยา"), "ม.ร.ว. ปิ่น ณ อยุธยา"),
        (("นางสาว", "น้ำฝน", ""), "นางสาวน้ำฝน"),
    ],
)
def test_a_title_joins_the_name_as_thai_writes_it(parts, whole):
    assert full_name(*parts) == whole
