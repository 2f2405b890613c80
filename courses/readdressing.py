"""What has another code from now on stays found under the one it had: old links lead to the new address."""

from itertools import product

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override
from wagtail.contrib.redirects.models import Redirect
from wagtail.models import Site

from grading.models import Exercise, Quiz

PAGES = {Exercise: ("courses:exercise", "capstones:project"), Quiz: ("courses:quiz",)}


def moved(row: Exercise | Quiz, old_slug: str) -> None:
    """Leads from the address with ``old_slug`` to the present one, in every language."""
    site = Site.objects.filter(is_default_site=True).first()
    for (language, _name), page in product(settings.LANGUAGES, PAGES[type(row)]):
        with override(language):
            old, new = (reverse(page, args=[slug]) for slug in (old_slug, row.slug))
        # What leads away from the present address is out of date, and would be a circle.
        Redirect.objects.filter(old_path=Redirect.normalise_path(new), site=site).delete()
        Redirect.objects.filter(redirect_link=old, site=site).update(redirect_link=new)
        Redirect.objects.update_or_create(
            old_path=Redirect.normalise_path(old),
            site=site,
            defaults={"redirect_link": new, "redirect_page": None, "is_permanent": True, "automatically_created": True},
        )
