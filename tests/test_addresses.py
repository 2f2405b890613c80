"""The list of pages that are walked is what the URLconf says."""

from tests import addresses


def test_every_address_is_walked_or_said_to_be_no_page():
    known = addresses.NO_PAGES | set(addresses.FILLED)
    unknown = [name for name, one in addresses.patterns() if addresses.needs(one) and name not in known]
    assert unknown == [], "put them into FILLED (who opens them, with what) or NO_PAGES"


def test_nothing_is_listed_that_is_no_address():
    there = {name for name, _pattern in addresses.patterns()}
    assert sorted((addresses.NO_PAGES | set(addresses.FILLED) | set(addresses.WHOSE)) - there) == []
