"""What a course is found by, besides its words."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Area(models.TextChoices):
    """The ten focus areas of the Digital Government Development Plan 2566-2570, in the plan's own order."""

    BUSINESS = "business", _("Small and medium enterprises")
    WELFARE = "welfare", _("Equal welfare")
    EDUCATION = "education", _("Education")
    AGRICULTURE = "agriculture", _("Agriculture")
    PARTICIPATION = "participation", _("Participation and transparency")
    HEALTH = "health", _("Health")
    ENVIRONMENT = "environment", _("Environment")
    LABOUR = "labour", _("Labour")
    JUSTICE = "justice", _("Justice")
    TOURISM = "tourism", _("Tourism")


class RoleGroup(models.TextChoices):
    """The groups of officials for whom digital skills are described."""

    EXECUTIVE = "executive", _("Executives")
    MANAGEMENT = "management", _("Heads of divisions")
    ACADEMIC = "academic", _("Policy and academic work")
    SERVICE = "service", _("Services")
    TECHNOLOGY = "technology", _("Technology")
    OTHERS = "others", _("Others")


class Licence(models.TextChoices):
    """Under which others may use a course again."""

    CC_BY = "CC-BY-4.0", _("Creative Commons Attribution 4.0")
    CC_BY_SA = "CC-BY-SA-4.0", _("Creative Commons Attribution-ShareAlike 4.0")
    CC0 = "CC0-1.0", _("Creative Commons Zero 1.0")
    RESERVED = "reserved", _("All rights reserved")
