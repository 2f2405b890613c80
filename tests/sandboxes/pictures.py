"""Pictures of a figure, drawn once and by stock matplotlib: the second stands at fractions of a pixel."""

import base64
import io
import itertools

from PIL import Image, ImageChops, ImageStat

MORE_PIXELS = 3  # to each side of what is drawn once: it is cut at whole ones


def opened(text):
    """The picture that an output's data holds."""
    return Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")


def look_alike(once, stock):
    """Whether what is drawn once has the size of the other, and shows what it does."""
    wider, higher = (ours - theirs for ours, theirs in zip(once.size, stock.size, strict=True))
    if not (0 <= wider <= MORE_PIXELS and 0 <= higher <= MORE_PIXELS):
        return False
    corners = itertools.product(range(wider + 1), range(higher + 1))
    parts = (once.crop((left, top, left + stock.width, top + stock.height)) for left, top in corners)
    blank = Image.new("RGB", stock.size, stock.getpixel((0, 0)))
    return min(_differing(part, stock) for part in parts) < 0.3 * _differing(blank, stock)


def _differing(one, other):
    """How much, a few pixels seen as one."""
    return sum(ImageStat.Stat(ImageChops.difference(one.reduce(4), other.reduce(4))).rms)
