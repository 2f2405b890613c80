"""Whose course it is decides who may write in it: rights on pages and on files follow the provider."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission

from grading.models import Provider

if TYPE_CHECKING:
    from courses.models import CoursePage

# Everybody who writes for whatever provider; a course of no provider is theirs together.
INSTRUCTORS = "Instructors"
# Not publishing: a second person does that by approving.
RIGHTS = ("add_page", "change_page")
FILE_RIGHTS = [f"{action}_{kind}" for kind in ("image", "document") for action in ("add", "change", "choose")]
COMMON = "ส่วนกลาง"


def files_of(provider: Provider | None) -> Collection:
    """Where the images and documents of a provider are, or those of all instructors; made when there is none."""
    group = provider.group if provider else Group.objects.get_or_create(name=INSTRUCTORS)[0]
    name = provider.name_th if provider else COMMON
    root = Collection.get_first_root_node()
    found = root.get_children().filter(group_permissions__group=group).order_by("path").first()
    if found is None:
        found = root.add_child(name=name)
    elif found.name != name:
        found.name = name
        found.save(update_fields=["name"])
    there = GroupCollectionPermission.objects.filter(group=group, collection=found)
    missing = set(FILE_RIGHTS) - set(there.values_list("permission__codename", flat=True))
    permissions = Permission.objects.filter(
        content_type__app_label__in=("wagtailimages", "wagtaildocs"), codename__in=missing
    )
    GroupCollectionPermission.objects.bulk_create(
        GroupCollectionPermission(group=group, collection=found, permission=permission) for permission in permissions
    )
    return found


def share_files() -> None:
    """Each provider's files are its own people's. What lies in no collection is common; earlier versions let every
    instructor see all collections."""
    root, common = Collection.get_first_root_node(), files_of(None)
    GroupCollectionPermission.objects.filter(group__name=INSTRUCTORS, collection=root).delete()
    for model in (get_image_model(), get_document_model()):
        model.objects.filter(collection=root).update(collection=common)
    for provider in Provider.objects.select_related("group"):
        files_of(provider)


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
