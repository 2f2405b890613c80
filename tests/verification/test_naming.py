"""A name is compared as people write it, and answered by yes or no."""

import pytest

from lms.verification.naming import is_same_person, spellings

SALT = {"type": "IdentityObject", "identityType": "emailAddress", "salt": "ab" * 8}


def held_by(name):
    identifiers = [{"identityType": "name", "identityHash": name}, SALT]
    return {"credentialSubject": {"identifier": identifiers}}


@pytest.mark.parametrize(
    ("on_paper", "typed"),
    [
        ("นางสาวน้ำฝน ใจดี", "น้ำฝน ใจดี"),
        ("นางสาวน้ำฝน ใจดี", "น.ส. น้ำฝน  ใจดี"),
        ("นางสาวน้ำฝน ใจดี", "น\u0e49ํ\u0e32ฝน ใจดี"),  # the marks in another order
        ("นางสาวน้ำฝน ใจดี", "นางสาว\u200bน้ำฝนใจดี"),
        ("ดร. กฤษฏิ์ ณ อยุธยา", "กฤษฏิ์ ณ อยุธยา"),
        ("กฤษฏิ์ ณ อยุธยา", "ผศ.ดร.กฤษฏิ์ ณ อยุธยา"),
        ("ว่าที่ร้อยตรี สมชาย ใจดี", "สมชาย ใจดี"),
        ("นายแสน เเสนดี", "แสน แสนดี"),  # two เ for one แ
        ("ปิ่น", "ปิ่น"),
        ("Namfon Jaidee", "MS. NAMFON JAIDEE"),
        ("นายพระพาย มีสุข", "พระพาย มีสุข"),
    ],
)
def test_the_same_person(on_paper, typed):
    assert is_same_person(held_by(on_paper), typed)


@pytest.mark.parametrize(
    ("on_paper", "typed"),
    [
        ("นางสาวน้ำฝน ใจดี", "น้ำฝน ใจดีมาก"),
        ("นางสาวน้ำฝน ใจดี", "น้ำฝน"),
        ("นางสาวน้ำฝน ใจดี", "ใจดี น้ำฝน"),
        ("นางสาวน้ำฝน ใจดี", ""),
        ("นางสาวน้ำฝน ใจดี", "นางสาว"),
        ("นางสาวน้ำฝน ใจดี", "%"),
        ("นางสาวน้ำฝน ใจดี", "นำฝน ใจดี"),  # another word: the tone is missing
        ("Drew Msane", "ew sane"),
        ("", ""),
    ],
)
def test_somebody_else(on_paper, typed):
    assert not is_same_person(held_by(on_paper), typed)


def test_a_title_alone_is_no_name():
    assert spellings("ดร.") == {"ดร."}
