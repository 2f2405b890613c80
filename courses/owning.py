"""Whose an exercise, a quiz or a bank is: chosen by its author among the providers they write for."""

from typing import Any

from wagtail.admin.forms import WagtailAdminModelForm

from courses import readdressing
from grading.models import Provider


class OwnedForm(WagtailAdminModelForm):
    """Something that may belong to a provider. Whoever writes for one gives it to one of theirs; what they may not
    give away they may not make common either."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields.get("provider")
        if field is None:
            return
        field.queryset = Provider.objects.written_by(self.for_user)
        if self.for_user.has_perm("grading.see_every_provider"):
            return
        is_common = self.instance.pk is not None and self.instance.provider_id is None
        if not is_common and field.queryset.exists():
            field.required, field.empty_label = True, None
            if self.instance.pk is None:
                self.initial.setdefault("provider", field.queryset.first())

    def save(self, commit: bool = True) -> Any:
        old_slug = self.initial.get("slug") if self.instance.pk else None
        row = super().save(commit)
        if commit and old_slug and old_slug != row.slug and type(row) in readdressing.PAGES:
            readdressing.moved(row, old_slug)
        return row
