"""``manage.py load_demo`` on a site that is not the empty embedded default."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import override_settings
from wagtail.models import Locale, Page, Site

from courses.demo import outline
from courses.models import CoursePage, HomePage
from lms.accounts.models import User

pytestmark = pytest.mark.django_db


def load(*options: str) -> str:
    output = StringIO()
    call_command("load_demo", *options, stdout=output)
    return output.getvalue()


def test_a_front_page_that_is_already_there_is_used(db) -> None:
    home = HomePage(title="ของเรา", slug="ours", locale=Locale.objects.get(language_code="th"))
    Page.get_first_root_node().add_child(instance=home)
    Site.objects.filter(is_default_site=True).update(root_page=home)
    load()
    assert Site.objects.get().root_page_id == home.pk
    course = CoursePage.objects.get(code=outline.COURSE_CODE, locale__language_code="th")
    assert course.get_ancestors().filter(pk=home.pk).exists()


@override_settings(WITH_DEMO=False)
def test_where_no_demo_was_asked_for_accounts_are_made_only_with_the_option() -> None:
    assert "--with-accounts" in load()
    assert not User.objects.exists()
    load("--with-accounts")
    assert User.objects.filter(email="learner@demo.example").exists()


def test_it_loads_while_the_site_and_its_cache_are_down(tmp_path) -> None:
    nobody = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"unix://{tmp_path}/s.sock"}
    with override_settings(CACHES={"default": nobody}):
        load()
    assert CoursePage.objects.count() == 2 * len(outline.COURSES)
