import hashlib

import pytest

from lms.credentials.holder import hash_email, initials


@pytest.mark.parametrize(
    ("given", "family", "expected"),
    [
        ("น้ำฝน", "ใจดี", "น. จ."),
        ("เกศินี", "แก้วมณี", "ก. ก."),
        ("ปิ่น", "", "ป."),
        ("Somchai", "jaidee", "S. J."),
        ("ไพลิน", "ณ อยุธยา", "พ. ณ."),
        ("", "", ""),
        ("๑๒๓", "", ""),
    ],
)
def test_initials_are_the_first_consonants(given, family, expected):
    assert initials(given, family) == expected


def test_an_address_is_hashed_with_its_salt_and_without_regard_to_case():
    expected = "sha256$" + hashlib.sha256(b"a@example.comKosher").hexdigest()
    assert hash_email(" A@Example.com ", "Kosher") == expected
    # The example printed in the Open Badges 3.0 schema.
    assert expected == "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"
