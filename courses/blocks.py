"""What a lesson can contain. Everything is served from here: nothing is embedded from elsewhere."""

import re
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock
from wagtail.snippets.blocks import SnippetChooserBlock

RICH_TEXT = ["h2", "h3", "bold", "italic", "ol", "ul", "link", "document-link", "code", "hr"]
CAPTION_RICH_TEXT = ["bold", "italic", "link", "code", "ol", "ul"]
VIDEO_FILE = re.compile(r"\.(mp4|webm|ogv)$", re.IGNORECASE)


class UntranslatedText(blocks.TextBlock):
    """Text that is the same in every language, such as program code."""

    def get_translatable_segments(self, value: Any) -> list[Any]:
        return []


class ImageBlock(blocks.StructBlock):
    image = ImageChooserBlock(label=_("Image"))
    alt = blocks.CharBlock(
        label=_("What the image shows"), help_text=_("Read aloud to those who cannot see it."), max_length=300
    )
    caption = blocks.CharBlock(label=_("Caption"), required=False, max_length=300)

    class Meta:
        icon = "image"
        label = _("Image")
        template = "blocks/image.html"


class VideoBlock(blocks.StructBlock):
    """A video file of ours; players of other sites would tell them who learns what."""

    video = DocumentChooserBlock(label=_("Video file"), help_text=_("MP4 or WebM, from the documents."))
    title = blocks.CharBlock(label=_("Title"), max_length=200)
    captions = DocumentChooserBlock(
        label=_("Captions"), required=False, help_text=_("WebVTT, in this page's language.")
    )
    transcript = blocks.RichTextBlock(label=_("Transcript"), required=False, features=CAPTION_RICH_TEXT)

    class Meta:
        icon = "media"
        label = _("Video")
        template = "blocks/video.html"

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        errors = {}
        if not VIDEO_FILE.search(value["video"].filename):
            errors["video"] = ValidationError(_("This is not an MP4, WebM or OGV file."))
        if value["captions"] and not value["captions"].filename.lower().endswith(".vtt"):
            errors["captions"] = ValidationError(_("Captions must be a WebVTT (.vtt) file."))
        if errors:
            raise blocks.StructBlockValidationError(errors)
        return value


class CodeBlock(blocks.StructBlock):
    LANGUAGES: ClassVar[list[tuple[str, Any]]] = [
        ("python", "Python"),
        ("sql", "SQL"),
        ("json", "JSON"),
        ("csv", "CSV"),
        ("text", _("Text")),
    ]
    language = blocks.ChoiceBlock(LANGUAGES, default="python", label=_("Language"))
    code = UntranslatedText(label=_("Code"), rows=8)
    can_be_tried = blocks.BooleanBlock(
        label=_("Readers may try it here"),
        required=False,
        help_text=_("Python only, without data files. The pieces of a lesson run in their order, as in a notebook."),
    )

    class Meta:
        icon = "code"
        label = _("Code")
        template = "blocks/code.html"

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        if value["can_be_tried"] and value["language"] != "python":
            error = ValidationError(_("Only Python can be tried in a lesson."))
            raise blocks.StructBlockValidationError({"can_be_tried": error})
        return value


class CalloutBlock(blocks.StructBlock):
    KINDS: ClassVar[list[tuple[str, Any]]] = [("note", _("Note")), ("tip", _("Tip")), ("warning", _("Be careful"))]
    kind = blocks.ChoiceBlock(KINDS, default="note", label=_("Kind"))
    text = blocks.RichTextBlock(label=_("Text"), features=CAPTION_RICH_TEXT)

    class Meta:
        icon = "info-circle"
        label = _("Callout")
        template = "blocks/callout.html"


class TableBlock(blocks.StructBlock):
    """A small table, typed as text: authors need no mouse, translators see every word."""

    caption = blocks.CharBlock(label=_("What the table shows"), required=False, max_length=200)
    rows = blocks.TextBlock(
        label=_("Rows"),
        help_text=_("One row a line, cells separated by |. The first line is the heading."),
        rows=6,
    )

    class Meta:
        icon = "table"
        label = _("Table")
        template = "blocks/table.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        lines = [line.split("|") for line in value["rows"].splitlines() if line.strip()]
        heading, *rows = [[cell.strip() for cell in line] for line in lines] or [[]]
        return context | {"heading": heading, "rows": rows}


class DownloadBlock(blocks.StructBlock):
    document = DocumentChooserBlock(label=_("File"))
    description = blocks.CharBlock(label=_("What is in it"), required=False, max_length=300)

    class Meta:
        icon = "download"
        label = _("Download")
        template = "blocks/download.html"


class ExerciseBlock(blocks.StructBlock):
    """Places a notebook exercise in the lesson. The same exercise may be placed in several."""

    exercise = SnippetChooserBlock("grading.Exercise", label=_("Exercise"))
    note = blocks.CharBlock(label=_("A word before it"), required=False, max_length=300)

    class Meta:
        icon = "clipboard-list"
        label = _("Exercise")
        template = "blocks/exercise.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        lines = context.get("exercises") or {}
        exercise = value.get("exercise")
        return context | {"line": lines.get(exercise.pk) if exercise else None}


class QuizBlock(blocks.StructBlock):
    """Places a quiz in the lesson."""

    quiz = SnippetChooserBlock("grading.Quiz", label=_("Quiz"))
    note = blocks.CharBlock(label=_("A word before it"), required=False, max_length=300)

    class Meta:
        icon = "help"
        label = _("Quiz")
        template = "blocks/quiz.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        quiz = value.get("quiz")
        return context | {"line": (context.get("quizzes") or {}).get(quiz.pk) if quiz else None}


class LessonBody(blocks.StreamBlock):
    text = blocks.RichTextBlock(label=_("Text"), icon="pilcrow", features=RICH_TEXT, template="blocks/text.html")
    image = ImageBlock()
    video = VideoBlock()
    code = CodeBlock()
    callout = CalloutBlock()
    table = TableBlock()
    download = DownloadBlock()
    exercise = ExerciseBlock()
    quiz = QuizBlock()


def placed_exercises(raw_body: Any) -> list[int]:
    """The primary keys of the exercises in a stored lesson body, in order, without loading any of them."""
    return _placed("exercise", raw_body)


def has_code_to_try(raw_body: Any) -> bool:
    """Is there code in a stored lesson body that its author lets readers try?"""
    values = (block.get("value") for block in raw_body if block.get("type") == "code")
    return any(isinstance(value, dict) and value.get("can_be_tried") is True for value in values)


def placed_quizzes(raw_body: Any) -> list[int]:
    """The primary keys of its quizzes, likewise."""
    return _placed("quiz", raw_body)


def _placed(kind: str, raw_body: Any) -> list[int]:
    values = (block.get("value") for block in raw_body if block.get("type") == kind)
    return [value[kind] for value in values if isinstance(value, dict) and value.get(kind)]
