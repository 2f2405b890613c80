"""The badge as SVG and PNG, the picture for social media, the QR code.

SVG and PNG are drawn from one layout: the same lines, in the same size, at the same places. Thai is shaped by
HarfBuzz (Pillow's Raqm layout); without it marks would be drawn over one another.
"""

import base64
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.template.loader import render_to_string
from PIL import Image, ImageDraw, ImageFont, features

from lms.certificates.models import Design
from lms.certificates.pdf import FACES, FONTS

SIZE = 640
_CENTER = SIZE // 2
_WIDEST = 400
_WEB_FONTS = Path(settings.BASE_DIR, "lms", "static", "fonts")


@dataclass(frozen=True, slots=True)
class Text:
    """One line of a badge, centered: where its base line is, how large, how heavy, in which color."""

    text: str
    y: int
    size: int
    weight: int = 700
    color: str = "#ffffff"
    language: str = "th"


def badge_texts(design: Design, *, issuer: str, name_th: str, name_en: str) -> list[Text]:
    """What a badge says, laid out: the name in up to three lines, in English below, the issuer at the foot."""
    lines = design.badge_text_th.split("\n") if design.badge_text_th.strip() else [name_th]
    lines = [line.strip() for line in lines if line.strip()][:3]
    size = min(fit(line, _WIDEST, 52) for line in lines)
    step = int(size * 1.6)
    top = _CENTER - step * (len(lines) - 1) // 2
    texts = [Text(line, top + step * place, size) for place, line in enumerate(lines)]
    below = top + step * (len(lines) - 1) + max(step, 52)
    texts.append(Text(name_en, below, fit(name_en, _WIDEST, 26, weight=400), 400, language="en"))
    return [*texts, Text(issuer, 508, fit(issuer, 280, 24, weight=400), 400)]


def fit(text: str, width: int, largest: int, *, weight: int = 700, least: int = 11) -> int:
    """The largest size, up to ``largest``, at which the text is no wider than ``width``."""
    needed = font(weight, 100).getlength(text)
    return max(least, min(largest, int(100 * width / needed))) if needed else largest


@cache
def font(weight: int, size: int) -> ImageFont.FreeTypeFont:
    if not features.check("raqm"):
        raise RuntimeError("Pillow lacks Raqm: Thai text would be drawn wrongly")
    return ImageFont.truetype(str(FONTS / FACES[weight]), size, layout_engine=ImageFont.Layout.RAQM)


def badge_svg(texts: list[Text], color: str) -> str:
    """The badge as one file: the font is in it, because a viewer may not have it."""
    faces = [(weight, _web_font(f"sarabun-{part}-{weight}-normal")) for part in ("thai", "latin") for weight in FACES]
    return render_to_string("certificates/badge.svg", {"texts": texts, "color": color, "faces": faces, "size": SIZE})


@cache
def _web_font(name: str) -> str:
    return base64.b64encode((_WEB_FONTS / f"{name}.woff2").read_bytes()).decode()


def badge_png(texts: list[Text], color: str) -> bytes:
    return _png(_badge(texts, color))


def _badge(texts: list[Text], color: str) -> Image.Image:
    # Circles are drawn four times as large and reduced: Pillow draws them with steps.
    large = Image.new("RGBA", (SIZE * 4, SIZE * 4))
    draw = ImageDraw.Draw(large)
    for radius, fill in ((312, color), (300, "#ffffff"), (294, color)):
        box = [4 * (_CENTER - radius), 4 * (_CENTER - radius), 4 * (_CENTER + radius), 4 * (_CENTER + radius)]
        draw.ellipse(box, fill=fill)
    # A tick above the name: what this is about, without words.
    draw.line([(1120, 560), (1240, 680), (1460, 440)], fill="#ffffff", width=56, joint="curve")
    badge = large.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    _write(ImageDraw.Draw(badge), texts, _CENTER)
    return badge


def _write(draw: ImageDraw.ImageDraw, texts: list[Text], x: int, anchor: str = "ms") -> None:
    for one in texts:
        draw.text((x, one.y), one.text, fill=one.color, font=font(one.weight, one.size), anchor=anchor)


def share_picture(badge: list[Text], color: str, *, name_th: str, name_en: str, issuer: str, holder: str) -> bytes:
    """1200 × 630, for Open Graph: the badge, the achievement, the issuer, and the holder if they want."""
    picture = Image.new("RGB", (1200, 630), "#f4f7f8")
    seal = _badge(badge, color).resize((470, 470), Image.Resampling.LANCZOS)
    picture.paste(seal, (50, 80), seal)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, 0, 1200, 14], fill=color)
    texts = [
        Text(holder, 190, fit(holder, 590, 40), 700, "#14272f") if holder else Text("", 190, 20),
        Text(name_th, 290, fit(name_th, 590, 54), 700, color),
        Text(name_en, 360, fit(name_en, 590, 32, weight=400), 400, "#14272f", "en"),
        Text(issuer, 440, fit(issuer, 590, 30, weight=400), 400, "#4a5f69"),
        Text("Open Badges 3.0", 500, 24, 400, "#4a5f69", "en"),
    ]
    _write(draw, [one for one in texts if one.text], 560, "ls")
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def qr(address: str) -> bytes:
    """A QR code as SVG, without anything but its squares."""
    buffer = io.BytesIO()
    segno.make(address, error="q", micro=False).save(buffer, kind="svg", xmldecl=False, border=0, scale=4)
    return buffer.getvalue()


def logo(picture: Any) -> bytes:
    """An uploaded logo, made new: no larger than needed, as PNG, with nothing else in it."""
    rendition = picture.get_rendition("max-900x360|format-png")
    with rendition.file.open("rb") as file:
        return bytes(file.read())
