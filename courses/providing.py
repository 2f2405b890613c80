"""Whose course it is decides who may write in it: rights on pages follow the provider."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from wagtail.models import GroupPagePermission

if TYPE_CHECKING:
    from courses.models import CoursePage

# Everybody who writes for whatever provider; a course of no provider is theirs together.
INSTRUCTORS = "Instructors"
# Not publishing: a second person does that by approving.
RIGHTS = ("add_page", "change_page")


def share_rights(course: "CoursePage") -> None:
    """Gives the course, and what is below it, to the people of its provider, and takes it from those of others."""
    group = course.held_by.group if course.held_by else Group.objects.get_or_create(name=INSTRUCTORS)[0]
    given = GroupPagePermission.objects.filter(page_id=course.pk)
    given.filter(Q(group__provider__isnull=False) | Q(group__name=INSTRUCTORS)).exclude(group=group).delete()
    there = set(given.filter(group=group).values_list("permission__codename", flat=True))
    missing = Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=set(RIGHTS) - there)
    GroupPagePermission.objects.bulk_create(
        GroupPagePermission(group=group, page_id=course.pk, permission=permission) for permission in missing
    )
