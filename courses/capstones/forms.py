"""Forms of capstones: sending a project, judging one by its rubric, showing it in the gallery."""

from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.capstones import rubrics
from courses.capstones.models import LONGEST_COMMENT, LONGEST_SUMMARY, Project
from grading.models import in_language


class SendForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Title of your project"),
        max_length=150,
        help_text=gettext_lazy("Without your name: peers review it without knowing whose it is."),
    )
    summary = forms.CharField(
        label=gettext_lazy("What it shows, for whom, and with which limits"),
        max_length=LONGEST_SUMMARY,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class RubricForm(forms.Form):
    """One choice for each criterion of a project, and words."""

    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        max_length=LONGEST_COMMENT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, project: Project, *args: Any, begins_with: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        begins = begins_with or []
        for place, criterion in enumerate(project.rubric):
            levels = enumerate(criterion["levels"], start=1)
            choices = [(number, f"{number} – {in_language(level)}") for number, level in levels]
            self.fields[f"level-{place}"] = forms.TypedChoiceField(
                label=in_language(criterion["name"]),
                help_text=escape(in_language(criterion.get("asks") or {})),
                choices=choices,
                coerce=int,
                empty_value=None,
                required=False,
                widget=forms.RadioSelect,
                initial=begins[place] if place < len(begins) else None,
            )
        self.order_fields([*(f"level-{place}" for place in range(len(project.rubric))), "comment"])
        self.project = project

    @property
    def levels(self) -> list[int | None]:
        """One for each criterion; None where nothing is chosen."""
        return [self.cleaned_data.get(f"level-{place}") for place in range(len(self.project.rubric))]

    def mark_unfinished(self) -> None:
        """Says of each criterion without a level that it needs one."""
        for place, level in enumerate(self.levels):
            if level is None:
                self.add_error(f"level-{place}", _("Choose a level."))


class ReviewForm(RubricForm):
    """A peer's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["comment"].label = _("What is good, and what could be better")
        self.fields["comment"].help_text = _(
            "The maker reads it without your name. Name the place and what to change, "
            "for example: the second chart's axis has no unit."
        )


class DecisionForm(RubricForm):
    """An instructor's, beside what peers said."""

    without_all = forms.BooleanField(label=gettext_lazy("Decide although reviews are missing"), required=False)

    def __init__(self, project: Project, *args: Any, seen: list[rubrics.Seen], **kwargs: Any) -> None:
        suggested = project.levels or [one.suggested for one in seen]
        super().__init__(project, *args, begins_with=suggested, **kwargs)
        self.fields["comment"].label = _("Comment for the learner")
        for place, one in enumerate(seen):
            self.fields[f"level-{place}"].help_text = self._peers(one)
        self.order_fields([name for name in self.fields if name != "without_all"] + ["without_all"])

    @staticmethod
    def _peers(one: rubrics.Seen) -> str:
        if not one.levels:
            return _("No peer has judged it.")
        levels = ", ".join(map(str, one.levels))
        if one.is_disputed:
            return _("Peers disagree: %(levels)s. Decide yourself.") % {"levels": levels}
        return _("Peers: %(levels)s") % {"levels": levels}


class GalleryForm(forms.Form):
    agrees = forms.BooleanField(
        label=gettext_lazy("I agree that everybody on the internet may read my project here, until I take it back."),
        error_messages={"required": gettext_lazy("Without your consent nothing is shown.")},
    )
    shows_name = forms.BooleanField(label=gettext_lazy("Show my name with it"), required=False)
