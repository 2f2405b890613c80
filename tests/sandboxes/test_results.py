import pytest

from sandboxes.messages import LANGUAGES, MESSAGES, sentence
from sandboxes.results import RunStatus, Usage


def test_usage_adds_times_and_output_and_keeps_the_higher_memory_peak():
    assert Usage(1, 2, 300, 4) + Usage(10, 20, 30, 40) == Usage(11, 22, 300, 44)


@pytest.mark.parametrize("status", RunStatus)
def test_every_ending_has_a_sentence_in_both_languages(status):
    assert set(MESSAGES[status]) == set(LANGUAGES)
    assert any("ก" <= letter <= "๛" for letter in sentence(status, "th"))
    assert sentence(status, "en").isascii()
    assert sentence(status, "en") != sentence(status, "th")


def test_each_ending_has_a_sentence_of_its_own():
    for language in LANGUAGES:
        assert len({sentence(status, language) for status in RunStatus}) == len(RunStatus)
