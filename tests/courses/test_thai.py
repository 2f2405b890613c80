from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from courses import thai
from lms.templatetags import thai as filters

DATES = [
    (date(2024, 2, 29), "29 กุมภาพันธ์ 2567", "29 ก.พ. 67", "วันที่ ๒๙ กุมภาพันธ์ พ.ศ. ๒๕๖๗", "29 February 2024", 2567),
    (date(2025, 12, 31), "31 ธันวาคม 2568", "31 ธ.ค. 68", "วันที่ ๓๑ ธันวาคม พ.ศ. ๒๕๖๘", "31 December 2025", 2569),
    (date(2026, 1, 1), "1 มกราคม 2569", "1 ม.ค. 69", "วันที่ ๑ มกราคม พ.ศ. ๒๕๖๙", "1 January 2026", 2569),
    (date(2025, 9, 30), "30 กันยายน 2568", "30 ก.ย. 68", "วันที่ ๓๐ กันยายน พ.ศ. ๒๕๖๘", "30 September 2025", 2568),
    (date(2025, 10, 1), "1 ตุลาคม 2568", "1 ต.ค. 68", "วันที่ ๑ ตุลาคม พ.ศ. ๒๕๖๘", "1 October 2025", 2569),
    (date(2025, 11, 21), "21 พฤศจิกายน 2568", "21 พ.ย. 68", "วันที่ ๒๑ พฤศจิกายน พ.ศ. ๒๕๖๘", "21 November 2025", 2569),
    (date(2457, 6, 5), "5 มิถุนายน 3000", "5 มิ.ย. 00", "วันที่ ๕ มิถุนายน พ.ศ. ๓๐๐๐", "5 June 2457", 3000),
    (date(1957, 4, 13), "13 เมษายน 2500", "13 เม.ย. 00", "วันที่ ๑๓ เมษายน พ.ศ. ๒๕๐๐", "13 April 1957", 2500),
]


@pytest.mark.parametrize(("day", "long", "short", "official", "english", "fiscal"), DATES)
def test_one_day_in_every_style(day, long, short, official, english, fiscal):
    assert thai.long_date(day) == long
    assert thai.short_date(day) == short
    assert thai.official_date(day) == official
    assert thai.long_date(day, "en") == english
    assert thai.fiscal_year(day) == fiscal


def test_the_page_language_decides_the_era():
    with translation.override("th"):
        assert filters.thai_date(date(2025, 11, 21)) == "21 พฤศจิกายน 2568"
        assert filters.thai_date(date(2025, 11, 21), "official") == "วันที่ ๒๑ พฤศจิกายน พ.ศ. ๒๕๖๘"
    with translation.override("en"):
        assert filters.thai_date(date(2025, 11, 21)) == "21 November 2025"
        assert filters.thai_date(date(2025, 11, 21), "short") == "21 Nov 2025"
        assert filters.thai_date(date(2025, 11, 21), "official") == "21 November 2025"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2025, 9, 30, 16, 59, tzinfo=UTC), "30 กันยายน 2568 23:59 น."),
        (datetime(2025, 9, 30, 17, 0, tzinfo=UTC), "1 ตุลาคม 2568 00:00 น."),
        (datetime(2025, 12, 31, 17, 5, tzinfo=UTC), "1 มกราคม 2569 00:05 น."),
    ],
)
def test_midnight_is_that_of_bangkok(moment, expected):
    with translation.override("th"):
        assert filters.thai_datetime(moment) == expected
        assert filters.thai_date(moment) == " ".join(expected.split()[:3])


@pytest.mark.parametrize("nothing", [None, "", "2025-11-21"])
def test_what_is_no_date_prints_nothing(nothing):
    assert filters.thai_date(nothing) == ""
    assert filters.thai_datetime(nothing) == ""


def test_digits_go_both_ways():
    assert thai.thai_digits(2568) == "๒๕๖๘"
    assert thai.arabic_digits("๒๕ ชั่วโมง") == "25 ชั่วโมง"
