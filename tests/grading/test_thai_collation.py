"""Names come out of every database in the order of a Thai dictionary."""

import pytest

from grading.thai_collation import compare, in_thai_order
from lms.accounts.models import User

NAMES = ["กอง", "ก้อง", "กาญจนา", "กิ่งแก้ว", "เกศินี", "แก้ว", "ขวัญ", "ไข่มุก", "จันทร์", "เจริญ", "ณัฐ"]


@pytest.mark.django_db
def test_the_database_orders_names_as_a_thai_dictionary_does():
    for number, name in enumerate(sorted(NAMES)):
        User.objects.create_user(f"{number}@example.go.th", given_name=name)
    in_order = User.objects.order_by(in_thai_order("given_name")).values_list("given_name", flat=True)
    assert list(in_order) == NAMES != sorted(NAMES)


def test_comparing_tells_before_same_and_after():
    assert [compare("แก้ว", name) for name in ("ขวัญ", "แก้ว", "กอง")] == [-1, 0, 1]
