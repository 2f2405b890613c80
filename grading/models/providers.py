"""Who teaches here: bodies that own courses, exercises and quizzes, and the people who work on them."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User
    from django.db.models.fields.related_descriptors import RelatedManager


DATA_OWNERS = "Data owners"


class ProviderQuerySet(models.QuerySet["Provider"]):
    def of(self, person: "_User | AnonymousUser") -> Self:
        """Those that the person works for, in whatever role; all of them for whoever looks after every provider."""
        if person.has_perm("grading.see_every_provider"):
            return self
        return self.filter(members__person=person.pk) if person.is_authenticated else self.none()

    def written_by(self, person: "_User | AnonymousUser") -> Self:
        """Those for which the person may write: a data owner signs off data, and writes nothing."""
        if person.has_perm("grading.see_every_provider"):
            return self
        if not person.is_authenticated:
            return self.none()
        writers = ProviderMember.objects.filter(person=person.pk, role__in=ProviderMember.WRITERS)
        return self.filter(members__in=writers)


class Provider(models.Model):
    """A body that offers courses. What belongs to it is seen and changed by its own people alone; what belongs to no
    provider is common property of all instructors."""

    slug = models.SlugField(_("code"), max_length=60, unique=True)
    name_th = models.CharField(_("name in Thai"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    # Its writers, as the page tree and the collections of files know them.
    group = models.OneToOneField(Group, models.PROTECT, editable=False, related_name="provider")

    objects = ProviderQuerySet.as_manager()
    members: "RelatedManager[ProviderMember]"

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ["slug"]
        permissions = [("see_every_provider", "Can see what belongs to every provider")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.group_id is None:
            self.group = Group.objects.get_or_create(name=f"Provider: {self.slug}")[0]
        super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return (self.name_en if (get_language() or "").startswith("en") else "") or self.name_th

    def admit(self, person: "_User", role: str) -> None:
        """Gives the person this role, instead of the one that they may have had."""
        self.members.update_or_create(person=person, defaults={"role": role})

    def dismiss(self, person: "_User") -> None:
        """The person works here no longer; what they wrote stays."""
        for member in self.members.filter(person=person):
            member.delete()


class ProviderMember(models.Model):
    """One person who works for a provider."""

    class Role(models.TextChoices):
        LEAD = "lead", _("lead instructor")
        AUTHOR = "author", _("co-instructor")
        DATA_OWNER = "data-owner", _("data owner")

    WRITERS = (Role.LEAD, Role.AUTHOR)

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="provider_roles")
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.AUTHOR)

    class Meta:
        verbose_name = _("member of a provider")
        verbose_name_plural = _("members of a provider")
        ordering = ["provider", "role", "pk"]
        constraints = [models.UniqueConstraint(fields=["provider", "person"], name="provider_member_once")]

    def __str__(self) -> str:
        return f"{self.person_id} of {self.provider_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        # Groups follow the role: rights on pages and files are given to groups.
        if self.role in self.WRITERS:
            self.provider.group.user_set.add(self.person_id)
        else:
            self.provider.group.user_set.remove(self.person_id)
        self._let_data_owners_in()

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        self.provider.group.user_set.remove(self.person_id)
        deleted = super().delete(*args, **kwargs)
        self._let_data_owners_in()
        return deleted

    def _let_data_owners_in(self) -> None:
        """Data owners enter the back office as such, and for nothing else."""
        owners = Group.objects.get_or_create(name=DATA_OWNERS)[0].user_set
        rows = ProviderMember.objects.filter(person=self.person_id, role=self.Role.DATA_OWNER)
        (owners.add if rows.exists() else owners.remove)(self.person_id)
