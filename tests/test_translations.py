"""The back office speaks Thai, in pages and in its scripts."""

import json

from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext, ngettext, override

from tests.translations import broken_in_overlay, untranslated_in_back_office


def test_no_string_of_the_back_office_lacks_thai():
    assert untranslated_in_back_office() == []


def test_placeholders_and_tags_are_those_of_the_english():
    assert broken_in_overlay() == []


def test_thai_of_ours_goes_before_what_wagtail_says():
    with override("th"):
        assert gettext("Reports") == "รายงาน"
        assert gettext("Publish") == "เผยแพร่"
        assert gettext("Title") == "ชื่อ"
        assert ngettext("Delete 1 page", "Delete %(counter)s pages", 2) % {"counter": 2} == "ลบ 2 หน้า"


def test_the_back_office_in_english_stays_english():
    with override("en"):
        assert gettext("Reports") == "Reports"


def test_scripts_of_the_back_office_get_thai(db, django_user_model):
    editor = django_user_model.objects.create_superuser(email="editor@example.test", password="x")
    client = Client(headers={"accept-language": "th"})
    client.force_login(editor)
    body = client.get(reverse("wagtailadmin_javascript_catalog")).content.decode()
    assert json.dumps("กำลังบันทึกอัตโนมัติ…") in body
