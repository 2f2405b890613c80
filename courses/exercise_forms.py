"""How an author uploads an exercise: one notebook, its data files, and what is wrong with them."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.datasets import using
from courses.datasets.models import Dataset, DatasetFile
from courses.forms import not_ipynb, printable, read_upload
from courses.owning import OwnedForm
from grading import extending, providers, tasks
from grading.models import DataFile, Exercise, in_language
from grading.notebooks import AuthorError, Problem, Source, read_source
from grading.otter import import_otter, is_otter
from sandboxes.limits import Limits

MAX_SOURCE_BYTES = 5 * 1024 * 1024
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_FILES_BYTES = 30 * 1024 * 1024  # all of them are copied into every sandbox
MAX_FILES = 30


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; cleans to a list of uploads."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        uploads = data if isinstance(data, (list, tuple)) else [data] if data else []
        return [super(FilesField, self).clean(upload, initial) for upload in uploads]


class LibraryField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg] # it takes none when it runs
    """Files of the library of data sets that an exercise may be made from."""

    def label_from_instance(self, one: DatasetFile) -> str:
        return f"{one.dataset.title}: {one.name} ({one.sha256[:8]})"


class LimitsField(forms.CharField):
    """``wall_seconds=20,memory_bytes=500000000`` ↔ a dict; what is not named keeps its default."""

    def prepare_value(self, value: Any) -> Any:
        return ",".join(f"{name}={number}" for name, number in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        try:
            chosen, usual = Limits.parse(value or "").as_dict(), Limits().as_dict()
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return {name: number for name, number in chosen.items() if number != usual[name]}


class ExerciseForm(OwnedForm):
    """Saving makes the next version of the exercise, unless nothing that counts has changed: a draft until its
    pre-flight has found no error and its author publishes it."""

    source = forms.FileField(
        label=gettext_lazy("Source notebook (.ipynb)"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy(
            "Your notebook with solutions and checks, in nbgrader's or Otter's format; learners get it without them. "
            "Without a file you write it in the workbench."
        ),
    )
    visible_files = FilesField(
        label=gettext_lazy("Data files for learners"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy("A file with the name of an earlier one replaces it."),
    )
    hidden_files = FilesField(
        label=gettext_lazy("Hidden data files"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy("Only the checks read them; learners never get them."),
    )
    library_files = LibraryField(
        queryset=DatasetFile.objects.none(),
        label=gettext_lazy("Data files from the library"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Signed-off data sets with a licence. The exercise keeps a copy of its own."),
    )
    remove_files = forms.MultipleChoiceField(
        label=gettext_lazy("Remove these files"), required=False, widget=forms.CheckboxSelectMultiple
    )
    limits = LimitsField(
        label=gettext_lazy("Limits of a run"),
        required=False,
        help_text=gettext_lazy("Leave empty for the usual ones. Example: wall_seconds=20,memory_bytes=500000000"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules_before = extending.rules_of(self.instance) if self.instance.pk else {}
        self.version = self.instance.newest if self.instance.pk else None
        self.import_notes: list[str] = []
        self.kept: list[DataFile] = list(self.version.files.all()) if self.version else []
        # One's own and what everybody may see; of another provider nothing that is not public.
        own = providers.visible(Dataset.objects.licensed(), self.for_user) | Dataset.objects.public()
        offered = DatasetFile.objects.filter(dataset__in=own).defer("content")
        self.fields["library_files"].queryset = offered.select_related("dataset").order_by("dataset__title", "name")
        self.fields["remove_files"].choices = [(file.name, file.name) for file in self.kept]
        if self.version:
            self.initial.setdefault("limits", self.version.limits)

    def clean_source(self) -> bytes:
        """The notebook's bytes: the uploaded one's, or the current version's when none was chosen; else empty."""
        upload = self.cleaned_data["source"]
        if upload is None:
            return bytes(self.version.source) if self.version else b""
        if not upload.name.lower().endswith(".ipynb"):
            raise not_ipynb(upload.name)
        data = self.in_our_format(read_upload(upload, MAX_SOURCE_BYTES))
        self.parsed(data)
        return data

    def in_our_format(self, data: bytes) -> bytes:
        """An Otter notebook as one of ours; any other as it is."""
        if not is_otter(data):
            return data
        imported = import_otter(data)
        if imported.lost:
            raise ValidationError([said(one.as_problem()) for one in imported.lost])
        self.import_notes = [said(one.as_problem()) for one in imported.not_understood]
        return imported.notebook

    def parsed(self, data: bytes) -> Source:
        try:
            return read_source(data)
        except AuthorError as error:
            raise ValidationError([said(problem) for problem in error.problems]) from error

    def clean_visible_files(self) -> list[DataFile]:
        return list(self.uploaded("visible_files", is_hidden=False))

    def clean_hidden_files(self) -> list[DataFile]:
        return list(self.uploaded("hidden_files", is_hidden=True))

    def clean_library_files(self) -> Any:
        chosen = self.cleaned_data["library_files"]
        for one in chosen:
            checked_name(one.name)
        return chosen

    def uploaded(self, field: str, *, is_hidden: bool) -> Iterator[DataFile]:
        for upload in self.cleaned_data[field]:
            yield DataFile(name=file_name(upload), content=read_upload(upload, MAX_FILE_BYTES), is_hidden=is_hidden)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not {"visible_files", "hidden_files"} <= cleaned.keys():
            return cleaned
        chosen = cleaned.get("library_files") or ()
        copies = [DataFile(name=one.name, content=bytes(one.content), is_hidden=False) for one in chosen]
        new = [*cleaned["visible_files"], *cleaned["hidden_files"], *copies]
        for name in twice(new):
            self.add_error(None, _("Two files are called “%(name)s”. Give one of them another name.") % {"name": name})
        gone = {*cleaned.get("remove_files", ()), *(file.name for file in new)}
        self.files_to_store = [*(file for file in self.kept if file.name not in gone), *new]
        if self.files_to_store and cleaned.get("source") == b"":
            self.add_error("source", _("Choose the source notebook of the exercise."))
        if len(self.files_to_store) > MAX_FILES:
            self.add_error(None, _("An exercise has at most %(number)d data files.") % {"number": MAX_FILES})
        if sum(len(file.content) for file in self.files_to_store) > MAX_FILES_BYTES:
            self.add_error(
                None, _("The data files together are larger than %(number)d MB.") % {"number": MAX_FILES_BYTES >> 20}
            )
        return cleaned

    def save(self, commit: bool = True) -> Exercise:
        exercise: Exercise = super().save(commit)
        if commit:
            extending.record_rules(exercise, before=self.rules_before, actor=self.for_user)
            self.save_version(exercise)
        return exercise

    def save_version(self, exercise: Exercise) -> None:
        source: bytes = self.cleaned_data["source"]
        if not source:  # it is going to be written in the workbench
            return
        version = exercise.add_version(
            source=source,
            max_score=self.parsed(source).max_score,
            files=self.files_to_store,
            limits=self.cleaned_data["limits"],
            author=self.for_user,
            is_draft=True,
        )
        using.note(version)
        if version.is_draft:
            tasks.request_preflight(version)


def said(problem: Problem) -> str:
    """One of an AuthorError's problems, in the reader's language."""
    text = in_language({"th": problem.th, "en": problem.en})
    return _("Cell %(number)d: %(text)s") % {"number": problem.cell, "text": text} if problem.cell else text


def file_name(upload: "UploadedFile[bytes]") -> str:
    """The name under which notebooks will open the file. Raises ValidationError when it cannot be one."""
    return checked_name(printable(upload.name or ""))


def checked_name(name: str) -> str:
    """The name. Raises ValidationError when no data file can be called so."""
    if not is_file_name(name):
        raise ValidationError(_("“%(name)s” cannot be the name of a data file.") % {"name": name[:80]})
    return name


def is_file_name(name: str) -> bool:
    """Whether a file may be called so, here and in every folder that it is put into."""
    is_short = len(name) <= 150 and len(name.encode()) <= 200
    return bool(name) and name == printable(name) and is_short and name[0] != "." and not set(name) & set("/\\")


def twice(files: list[DataFile]) -> set[str]:
    """The names that more than one of ``files`` has, whatever the case: some file systems see no difference."""
    folded = [file.name.casefold() for file in files]
    return {file.name for file in files if folded.count(file.name.casefold()) > 1}
