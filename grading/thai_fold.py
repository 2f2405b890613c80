"""One spelling for text that looks the same: what a search, a comparison or a duplicate check works on.

Thai can be typed in several orders that look alike, and Python's own NFKC takes ``ำ`` apart. ``fold`` undoes all of
it, so that ``fold(unicodedata.normalize("NFKC", text)) == fold(text)``. Pure; the folded text is for comparing only.
"""

import re
import unicodedata

_ARABIC_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff]")
_TONES = "\u0e48-\u0e4b"
_ABOVE_BELOW = "\u0e31\u0e34-\u0e39\u0e47"


def fold(text: str) -> str:
    """``text`` in canonical spelling: NFC, nothing invisible, one order of marks, Arabic digits, single spaces."""
    text = unicodedata.normalize("NFC", text)
    text = _INVISIBLE.sub("", text).replace("\u00a0", " ")
    text = text.replace("\u0e40\u0e40", "\u0e41")  # two เ typed for one แ
    text = re.sub(f"([{_TONES}]+)([{_ABOVE_BELOW}\u0e4d]+)", r"\2\1", text)  # the tone mark comes last
    text = re.sub(f"\u0e4d([{_TONES}]?)\u0e32", "\\1\u0e33", text)  # นิคหิต + า is ำ
    text = re.sub(f"\u0e33([{_TONES}])", "\\1\u0e33", text)  # the tone stands before ำ
    return re.sub(r"\s+", " ", text).strip().translate(_ARABIC_DIGITS)
