"""A data set as the government's catalogs describe one: fourteen fields that each has to have, and its files.

The names of fields are those of the catalogs' own machine-readable form (CKAN), so that a description can go in and out
unchanged. Values that a catalog writes in Thai stay in Thai: they are data.
"""

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models.facets import Area
from grading.models import ExerciseVersion, Provider
from grading.thai_fold import fold

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

NOT_SPECIFIED = "notspecified"
# (code, name, address of its text); what is not specified may be practised with and never taught with.
LICENCES = {
    "cc-zero": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "cc-by": ("Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "cc-by-sa": ("Creative Commons Attribution-ShareAlike 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "cc-nc": ("Creative Commons Attribution-NonCommercial 4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
    "odc-by": ("Open Data Commons Attribution", "https://opendatacommons.org/licenses/by/1-0/"),
    "odc-odbl": ("Open Data Commons Open Database", "https://opendatacommons.org/licenses/odbl/1-0/"),
    "gfdl": ("GNU Free Documentation License", "https://www.gnu.org/licenses/fdl-1.3.html"),
    "dga-ogl": ("DGA Open Government License", "https://data.go.th/pages/dga-open-government-license"),
}
# What catalogs write in ``license_id`` beside the codes themselves.
LICENCE_SPELLINGS = {
    "creative commons attributions": "cc-by",
    "creative commons attribution": "cc-by",
    "creative commons attribution share-alike": "cc-by-sa",
    "creative commons non-commercial (any)": "cc-nc",
    "open data common": "odc-by",
    "open data commons": "odc-by",
    "gnu free documentation license": "gfdl",
    "cc0": "cc-zero",
    "dga open government license": "dga-ogl",
}
REQUIRED = (
    "title", "owner_org", "maintainer", "maintainer_email", "tag_string", "notes", "objective", "update_frequency_unit",
    "geo_coverage", "data_source", "data_format", "data_category", "data_type", "license_id",
)  # fmt: skip


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def licensed(self) -> Self:
        """Those that may be taught with: a data owner vouches for them, and their licence is known."""
        return self.filter(signed_off_at__isnull=False, license_id__in=LICENCES)

    def public(self) -> Self:
        """Those of them that everybody may see."""
        return self.licensed().filter(data_category=Dataset.Category.PUBLIC)

    def waiting(self) -> Self:
        """Those that a data owner was asked about, the oldest first."""
        return self.filter(asked_at__isnull=False, signed_off_at=None).order_by("asked_at", "pk")

    def found(self, text: str) -> Self:
        """Those in which every word of ``text`` occurs."""
        query = Q()
        for word in fold(text[:200]).casefold().split():
            query &= Q(search_text__contains=word)
        return self.filter(query)


class Dataset(models.Model):
    """One data set: what it is, whose, under which licence."""

    wagtail_reference_index_ignore = True

    class Type(models.TextChoices):
        RECORDS = "ข้อมูลระเบียน", _("records")
        STATISTICS = "ข้อมูลสถิติ", _("statistics")
        SPATIAL = "ข้อมูลภูมิสารสนเทศเชิงพื้นที่", _("spatial")
        MIXED = "ข้อมูลหลากหลายประเภท", _("of several types")
        OTHER = "ข้อมูลประเภทอื่นๆ", _("of another type")

    class Category(models.TextChoices):
        PUBLIC = "ข้อมูลสาธารณะ", _("public")
        PERSONAL = "ข้อมูลส่วนบุคคล", _("personal")
        SECURITY = "ข้อมูลความมั่นคง", _("national security")
        SECRET = "ข้อมูลความลับทางราชการ", _("official secret")

    class Classification(models.TextChoices):
        OPEN = "open", _("open")
        INTERNAL = "internal", _("within the organisation")
        CONFIDENTIAL = "confidential", _("confidential")
        SECRET = "secret", _("secret")
        TOP_SECRET = "top-secret", _("top secret")

    slug = models.SlugField(_("code"), max_length=100, unique=True)
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    title = models.CharField(_("title"), max_length=300)
    title_en = models.CharField(_("title in English"), max_length=300, blank=True)
    owner_org = models.CharField(_("organisation"), max_length=300, blank=True)
    maintainer = models.CharField(_("contact"), max_length=200, blank=True, help_text=_("An office, not a person."))
    maintainer_email = models.CharField(
        _("contact's e-mail address"), max_length=254, blank=True, validators=[validate_email]
    )
    tag_string = models.CharField(_("keywords"), max_length=500, blank=True, help_text=_("Separated by commas."))
    notes = models.TextField(_("description"), max_length=8000, blank=True)
    objective = models.CharField(_("made for"), max_length=500, blank=True)
    update_frequency_unit = models.CharField(
        _("updated every"), max_length=60, blank=True, help_text=_("For example ปี, เดือน, ไม่มีการปรับปรุง.")
    )
    update_frequency_interval = models.PositiveSmallIntegerField(_("number of these"), null=True, blank=True)
    geo_coverage = models.CharField(_("area covered"), max_length=100, blank=True)
    data_source = models.CharField(_("source"), max_length=500, blank=True)
    data_format = models.CharField(_("format"), max_length=100, blank=True)
    data_category = models.CharField(_("category"), max_length=40, choices=Category, blank=True)
    data_type = models.CharField(_("type"), max_length=60, choices=Type, blank=True)
    license_id = models.CharField(
        _("licence"),
        max_length=30,
        choices=[*((code, name) for code, (name, _url) in LICENCES.items()), (NOT_SPECIFIED, _("not specified"))],
        default=NOT_SPECIFIED,
    )
    classification = models.CharField(
        _("classification"), max_length=20, choices=Classification, default=Classification.INTERNAL
    )
    high_value_dataset = models.BooleanField(_("high-value data set"), default=False)
    topic = models.CharField(_("focus area"), max_length=20, choices=Area, blank=True)
    is_synthetic = models.BooleanField(_("generated, no real data"), default=False)
    source_url = models.URLField(_("address in the catalog it comes from"), max_length=500, blank=True)
    # Waits for a data owner since then, at the request of whoever wrote it last.
    asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    signed_off_at = models.DateTimeField(_("signed off"), null=True, blank=True, editable=False)
    signed_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    search_text = models.TextField(editable=False, blank=True)

    objects = DatasetQuerySet.as_manager()
    files: "RelatedManager[DatasetFile]"

    class Meta:
        verbose_name = _("data set")
        verbose_name_plural = _("data sets")
        permissions = [("sign_off_dataset", "Can sign off data sets")]
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        told = [self.title, self.title_en, self.owner_org, self.tag_string, self.notes]
        self.search_text = fold("\n".join(told)).casefold()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("datasets:dataset", args=[self.slug])

    def clean(self) -> None:
        if self.pk and not self.has_licence and self.is_taught_with():
            message = _("A published exercise is made from it: it has to keep a licence.")
            raise ValidationError({"license_id": message})

    @property
    def has_licence(self) -> bool:
        return self.license_id in LICENCES

    @property
    def licence(self) -> tuple[str, str]:
        """Its name and the address of its text; empty when it is not specified."""
        return LICENCES.get(self.license_id, ("", ""))

    def missing(self) -> list[str]:
        """Which of the fourteen fields are not filled in, by their names in the catalogs."""
        return [name for name in REQUIRED if not getattr(self, name) or getattr(self, name) == NOT_SPECIFIED]

    def missing_labels(self) -> list[str]:
        return [str(self._meta.get_field(name).verbose_name) for name in self.missing()]  # type: ignore[union-attr]

    def described(self) -> list[tuple[str, str, bool]]:
        """The fourteen fields as a reader meets them: (name, what it says, whether it is missing)."""
        missing = self.missing()
        return [(str(self._meta.get_field(name).verbose_name), self._said(name), name in missing) for name in REQUIRED]  # type: ignore[union-attr]

    def _said(self, name: str) -> str:
        display = getattr(self, f"get_{name}_display", None)
        return str(display() if display else getattr(self, name))

    def is_taught_with(self) -> bool:
        """Whether a published version of an exercise holds a copy of one of its files."""
        return DatasetUse.objects.filter(file__dataset=self, version__is_draft=False).exists()

    def sign_off(self, by: Any) -> bool:
        """A data owner vouches for description and licence; False while something is missing."""
        if self.missing():
            return False
        Dataset.objects.filter(pk=self.pk).update(signed_off_at=timezone.now(), signed_off_by=by, asked_at=None)
        self.refresh_from_db()
        return True


class DatasetFile(models.Model):
    """A copy of one file, kept here and never changed: another text is another file."""

    wagtail_reference_index_ignore = True

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="files")
    name = models.CharField(max_length=150)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64, db_index=True, editable=False)
    size = models.PositiveIntegerField(editable=False)
    added_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["DatasetFile"]] = models.Manager()

    class Meta:
        ordering = ["name", "-added_at"]
        constraints = [models.UniqueConstraint(fields=["dataset", "sha256", "name"], name="dataset_file_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.dataset})"

    @classmethod
    def keep(cls, dataset: Dataset, name: str, content: bytes) -> "DatasetFile":
        """The copy with this content, made if there is none."""
        digest = hashlib.sha256(content).hexdigest()
        kept, _is_new = cls.objects.get_or_create(
            dataset=dataset, sha256=digest, name=name[:150], defaults={"content": content, "size": len(content)}
        )
        return kept


class DatasetUse(models.Model):
    """A version of an exercise holds a copy of a file of the library, the very bytes: pinned by their hash."""

    wagtail_reference_index_ignore = True

    version = models.ForeignKey(ExerciseVersion, models.CASCADE, related_name="+")
    file = models.ForeignKey(DatasetFile, models.PROTECT, related_name="uses")
    name = models.CharField(max_length=150)
    sha256 = models.CharField(max_length=64)

    objects: ClassVar[models.Manager["DatasetUse"]] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "name", "file"], name="dataset_use_once")]

    def __str__(self) -> str:
        return f"{self.version} {self.name}"
