"""What the back office gets for people."""

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from courses.wagtail_hooks import ForThose
from lms.accounts import identity_desk


@hooks.register("register_admin_urls")
def identity_urls() -> list[Any]:
    return identity_desk.urls


@hooks.register("register_admin_menu_item")
def identity_menu() -> MenuItem:
    address = reverse_lazy("identity_find")
    return ForThose(identity_desk.MAY, _("Identity of people"), address, name="identity", icon_name="user", order=310)
