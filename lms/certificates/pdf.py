"""HTML to PDF/A-3 with a file attached, by WeasyPrint, so that Thai text copies out as it was written.

Two things go wrong on the way from Thai text to glyphs and back, and both are mended here. ``ำ`` is drawn by two
glyphs, one of which is that of ``า``: it is handed over as the two signs it is drawn as. And marks above a tall
consonant are moved to the left, which text extractors take for a space between words: such text therefore says beside
its glyphs what it reads (``ActualText``, ISO 32000-1, 14.9.4). Nothing is ever fetched: style sheets, fonts and
pictures are those given.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pydyf
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

FONTS = Path(__file__).resolve().parent / "fonts"
FACES = {400: "Sarabun-Regular.ttf", 700: "Sarabun-Bold.ttf"}
_SCHEME = "given:"
_TONES = "\u0e48-\u0e4b"
_MARKS = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")


class NothingElse(FatalURLFetchingError):
    """The page asks for something that it was not given."""


@dataclass(frozen=True, slots=True)
class File:
    """What is attached: its name, its content, and the day it was made."""

    name: str
    content: str
    made_at: datetime
    description: str


def write(html: str, *, style: str, pictures: Mapping[str, tuple[bytes, str]], file: File) -> bytes:
    """The page as PDF/A-3b, tagged, with ``file`` attached as what the page shows (``Alternative``).

    ``pictures`` are content and media type by name; the page refers to them as ``given:NAME``.
    """
    fetcher = _Given(pictures)
    fonts = FontConfiguration()
    sheets = [CSS(string=text, font_config=fonts, url_fetcher=fetcher) for text in (_font_faces(), style)]
    attachment = Attachment(
        string=file.content,
        name=file.name,
        description=file.description,
        created=file.made_at,
        modified=file.made_at,
        relationship="Alternative",
    )
    page = HTML(string=spelled_as_drawn(html), base_url=_SCHEME, url_fetcher=fetcher)
    return bytes(
        page.write_pdf(
            finisher=_finish,
            stylesheets=sheets,
            font_config=fonts,
            attachments=[attachment],
            pdf_variant="pdf/a-3b",
            pdf_tags=True,
        )
    )


class _Given(URLFetcher):
    def __init__(self, pictures: Mapping[str, tuple[bytes, str]]) -> None:
        super().__init__()
        self._pictures = pictures

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        name = url.removeprefix(_SCHEME)
        if name in FACES.values():
            return URLFetcherResponse(url, (FONTS / name).read_bytes(), {"Content-Type": "font/ttf"})
        if name in self._pictures:
            content, media_type = self._pictures[name]
            return URLFetcherResponse(url, content, {"Content-Type": media_type})
        raise NothingElse(url)


@cache
def _font_faces() -> str:
    return "".join(
        f'@font-face {{ font-family: "Sarabun"; font-weight: {weight}; src: url("{_SCHEME}{name}"); }}\n'
        for weight, name in FACES.items()
    )


def spelled_as_drawn(text: str) -> str:
    """``น้ำ`` as the signs it is drawn with: the ring, then the tone, then ``า``."""
    return re.sub(f"([{_TONES}]?)\u0e33", "\u0e4d\\1\u0e32", text)


def spelled_as_written(text: str) -> str:
    """The other way round."""
    return re.sub(f"\u0e4d([{_TONES}]?)\u0e32", "\\1\u0e33", text)


def _finish(_document: Any, written: pydyf.PDF) -> None:
    # WeasyPrint 70 lists each associated file twice.
    written.catalog["AF"] = pydyf.Array(dict.fromkeys(written.catalog["AF"]))
    _say_what_it_reads(written)


# --- What each line reads ---------------------------------------------------------------------------------------------


def _say_what_it_reads(pdf: pydyf.PDF) -> None:
    fonts = {}
    for one in pdf.objects:
        if isinstance(one, dict) and one.get("Type") == "/Font" and "ToUnicode" in one:
            # WeasyPrint calls a font by the letters before the plus of its full name.
            name = bytes(one["BaseFont"])[1:].partition(b"+")[0]
            fonts[name] = _characters(pdf.objects[int(one["ToUnicode"].split()[0])].stream)
    for one in pdf.objects:
        if isinstance(one, pydyf.Stream) and b"BT" in one.stream:
            one.stream = list(_with_texts(one.stream, fonts))


def _characters(lines: Iterable[bytes]) -> dict[bytes, str]:
    """A ToUnicode map: the text of each glyph, by its number in hexadecimal digits."""
    pairs = (re.fullmatch(rb"<(\w+)> <(\w*)>", line) for line in lines)
    return {pair[1]: bytes.fromhex(pair[2].decode()).decode("utf-16-be") for pair in pairs if pair}


def _with_texts(operations: Iterable[Any], fonts: Mapping[bytes, Mapping[bytes, str]]) -> Iterator[bytes]:
    """The operations of a page, with what they read around the glyphs that do not say it themselves."""
    held: list[bytes] | None = None
    for line in map(_bytes, operations):
        if line == b"BT":
            held = []
            yield line
        elif held is None:
            yield line
        elif line == b"ET":
            for phrase in _phrases(held, fonts):
                yield from phrase.operations()
            yield line
            held = None
        else:
            held.append(line)


@dataclass(slots=True)
class _Phrase:
    """What stands between two spaces, and the space after it: the pieces that draw it, and what it reads.

    A piece is a glyph in angle brackets, a number that moves what follows, or a whole operation. Phrase by phrase and
    neither letter by letter nor line by line: several readers lose or double spaces otherwise.
    """

    pieces: list[bytes]
    text: str = ""

    def takes(self, text: str) -> bool:
        """Whether a glyph that reads ``text`` still belongs to this phrase."""
        return bool(self.text) and (text.isspace() or not self.text[-1].isspace())

    def operations(self) -> Iterator[bytes]:
        if not _MARKS.search(self.text):
            return _shown(self.pieces)
        reads = ("\ufeff" + spelled_as_written(self.text)).encode("utf-16-be").hex().encode()
        return iter((b"/Span <</ActualText <" + reads + b">>> BDC", *_shown(self.pieces), b"EMC"))


def _phrases(lines: Iterable[bytes], fonts: Mapping[bytes, Mapping[bytes, str]]) -> Iterator[_Phrase]:
    characters: Mapping[bytes, str] = {}
    phrase, between = _Phrase([]), list[bytes]()
    for piece in _pieces(lines):
        if not piece.startswith(b"<"):
            if piece.endswith(b" Tf"):
                characters = fonts[piece[1:].split()[0]]
            between.append(piece)
            continue
        text = characters.get(piece[1:-1], "")
        if phrase.takes(text):
            phrase.pieces += [*between, piece]
            phrase.text += text
        else:
            yield phrase
            # What moves the pen from one to the next belongs to neither.
            yield _Phrase(between)
            phrase = _Phrase([piece], text)
        between = []
    yield phrase
    yield _Phrase(between)


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        if not line.endswith(b" TJ"):
            yield line
            continue
        for run, move in re.findall(rb"<(\w*)>|(-?[\d.]+)", line):
            yield from (b"<" + run[place : place + 4] + b">" for place in range(0, len(run), 4))
            if move and float(move):
                yield move


def _shown(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Glyphs and moves as few operations as it takes; operations as they are."""
    shown = b""
    for piece in pieces:
        if piece.startswith(b"<") or re.fullmatch(rb"-?[\d.]+", piece):
            shown += piece + b" "
            continue
        if shown:
            yield b"[" + shown + b"] TJ"
            shown = b""
        yield piece
    if shown:
        yield b"[" + shown + b"] TJ"


def _bytes(operation: bytes | str | pydyf.Object) -> bytes:
    if isinstance(operation, pydyf.Object):
        return bytes(operation.data)
    return operation if isinstance(operation, bytes) else operation.encode("ascii")
