import pytest

from courses.capstones import rubrics

FOUR = [{"th": f"ระดับ {n}", "en": f"level {n}"} for n in range(1, 5)]
RUBRIC = [
    {"name": {"th": "คุณค่า", "en": "value"}, "weight": 1, "levels": FOUR},
    {"name": {"th": "ความถูกต้อง", "en": "right"}, "weight": 3, "levels": FOUR},
]


@pytest.mark.parametrize(
    ("levels", "share"), [([1, 1], 0), ([4, 4], 1), ([3, 3], 2 / 3), ([4, 1], 0.25), ([1, 4], 0.75)]
)
def test_the_lowest_level_brings_nothing_the_highest_all_and_weights_weigh(levels, share):
    assert rubrics.share(RUBRIC, levels) == pytest.approx(share)


@pytest.mark.parametrize(
    "levels", [[], [4], [4, 4, 4], [0, 4], [5, 4], [4, None], [4, "4"], [4, True], [4, 3.5], "44", None, {"0": 4}]
)
def test_what_is_no_judgement_is_worth_nothing_and_said_to_be_none(levels):
    assert not rubrics.is_whole(RUBRIC, levels)
    with pytest.raises(ValueError, match="judgement"):
        rubrics.share(RUBRIC, levels)


def test_peers_two_levels_apart_disagree_and_suggest_nothing():
    value, right = rubrics.seen(RUBRIC, [[2, 1], [3, 3]])
    assert (value.levels, value.is_disputed, value.suggested) == ((2, 3), False, 2)
    assert (right.levels, right.is_disputed, right.suggested) == ((1, 3), True, None)


def test_without_a_whole_review_there_is_no_suggestion():
    assert [one.suggested for one in rubrics.seen(RUBRIC, [[4, None]])] == [None, None]
