"""People. Login is by e-mail; names are Thai first, with every mark kept."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.accounts.names import full_name

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **fields | {"is_staff": True, "is_superuser": True})


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account. ``title`` and the two names are kept apart: letters and certificates need each."""

    class IdentityLevel(models.TextChoices):
        """How sure it is that the account is the person's whose name it bears."""

        SELF_ASSERTED = "self-asserted", _("stated by the person")
        AGENCY_CONFIRMED = "agency-confirmed", _("confirmed by their agency")
        THAID = "thaid", _("by ThaID")

    email = models.EmailField(_("e-mail address"), unique=True)
    title = models.CharField(_("title"), max_length=60, blank=True)
    given_name = models.CharField(_("given name"), max_length=120)
    # Many Thai people have one name only; a system must not make one up for them.
    family_name = models.CharField(_("family name"), max_length=120, blank=True)
    name_en = models.CharField(_("full name in English"), max_length=250, blank=True)
    language = models.CharField(
        _("language of e-mails"), max_length=5, choices=[("th", "ไทย"), ("en", "English")], default="th"
    )
    identity_level = models.CharField(
        _("identity"), max_length=20, choices=IdentityLevel, default=IdentityLevel.SELF_ASSERTED
    )
    is_staff = models.BooleanField(_("operator"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()
    identity_checks: "RelatedManager[IdentityCheck]"

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["given_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.get_full_name()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A name that nobody has confirmed is stated by the person, whatever was confirmed before."""
        given = kwargs.get("update_fields")
        is_renaming = given is None or not {"title", "given_name", "family_name"}.isdisjoint(given)
        if self.pk and is_renaming and self.identity_level != self.IdentityLevel.SELF_ASSERTED:
            confirmed = self.identity_checks.first()
            if confirmed and confirmed.name != self.get_full_name():
                self.identity_level = self.IdentityLevel.SELF_ASSERTED
                kwargs["update_fields"] = {*given, "identity_level"} if given is not None else None
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        """The whole name, for pages and letters: นายสมชาย ใจดี."""
        return full_name(self.title, self.given_name, self.family_name)

    def get_short_name(self) -> str:
        return self.given_name


class IdentityCheck(models.Model):
    """Who found out how surely an account is the person's whose name it bears, and by what. It is only written."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="identity_checks")
    level = models.CharField(max_length=20, choices=User.IdentityLevel)
    # As it was then: another name is not confirmed by it.
    name = models.CharField(max_length=400)
    grounds = models.CharField(max_length=500)
    # Empty: a login service said so.
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    checked_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["IdentityCheck"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.person} {self.level}"
