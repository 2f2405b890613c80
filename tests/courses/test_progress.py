import pytest

from courses.progress import Step, is_passed, progress


def steps(*done):
    return [Step(f"step {i}", f"/{i}/", is_done) for i, is_done in enumerate(done)]


@pytest.mark.parametrize(
    ("done", "percent", "next_title", "is_complete"),
    [
        ((), 0, None, False),
        ((False,), 0, "step 0", False),
        ((True, False, True), 66, "step 1", False),
        ((True, True), 100, None, True),
    ],
)
def test_progress_counts_steps_and_names_the_first_open_one(done, percent, next_title, is_complete):
    found = progress(steps(*done))
    assert found.percent == percent
    assert (found.next.title if found.next else None) == next_title
    assert found.is_complete is is_complete


def test_a_hundred_percent_means_that_nothing_is_left():
    assert progress(steps(*[True] * 299, False)).percent == 99


@pytest.mark.parametrize(
    ("fraction", "percent", "passed"),
    [(None, 1, False), (0.8, 80, True), (0.7999, 80, False), (0.1 + 0.7, 80, True), (1.0, 100, True), (0.0, 1, False)],
)
def test_an_exercise_is_passed_from_the_share_asked_for(fraction, percent, passed):
    assert is_passed(fraction, percent) is passed
