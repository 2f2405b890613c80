import uuid

import pytest

from lms.credentials.numbers import ALPHABET, NotANumber, from_number, to_number

ONE = uuid.UUID("c0ffee00-1111-4222-8333-444455556666")


def test_a_number_is_seven_groups_of_four_and_comes_back_as_the_same_uuid():
    number = to_number(ONE)
    assert [len(group) for group in number.split("-")] == [4] * 7
    assert from_number(number) == ONE


@pytest.mark.parametrize(
    "disguise",
    [
        str.lower,
        lambda n: n.replace("-", ""),
        lambda n: n.replace("-", " "),
        lambda n: f"  {n}\n",
        lambda n: n.replace("-", "–"),
        lambda n: n.translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")),
        lambda n: n.translate(str.maketrans("01", "OI")),
        lambda n: n.translate(str.maketrans("01", "ol")),
        lambda n: "\u200b".join(n),
        lambda n: n.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ],
)
def test_people_may_type_it_as_they_please(disguise):
    for _ in range(50):
        identifier = uuid.uuid4()
        assert from_number(disguise(to_number(identifier))) == identifier


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "0",
        "1234",
        "-" * 30,
        "U" * 28,
        "Z" * 28,
        "0" * 27,
        "0" * 29,
        "ก" * 28,
        "<script>",
        "\0" * 28,
        "9" * 10**6,
    ],
)
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(NotANumber):
        from_number(typed)


def test_nearly_every_single_slip_is_noticed():
    number = to_number(ONE).replace("-", "")
    slips = [number[:i] + c + number[i + 1 :] for i in range(28) for c in ALPHABET if c != number[i]]
    missed = [slip for slip in slips if not _is_refused(slip)]
    assert len(missed) < len(slips) / 200


def _is_refused(typed):
    try:
        from_number(typed)
    except NotANumber:
        return True
    return False
