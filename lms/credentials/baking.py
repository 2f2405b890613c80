"""A credential inside a picture: written into a PNG or an SVG, and read out again. Pure.

Open Badges 3.0, section 5.3 "Baking": a PNG carries the credential in one ``iTXt`` chunk, uncompressed, under the
keyword ``openbadgecredential``; an SVG in one element ``credential`` of the Open Badges namespace. What is read comes
from anybody: no picture is ever decoded for it, nothing is unpacked beyond the size of a credential, and a picture
with two credentials has none, because another reader might see the other one.
"""

import struct
import zlib
from collections.abc import Iterator
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from lms.credentials.profile import MAX_BYTES, Unreadable

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"openbadgecredential"
NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
_SVG = "{http://www.w3.org/2000/svg}svg"
_CREDENTIAL = f"{{{NAMESPACE}}}credential"


def bake_png(picture: bytes, credential: str) -> bytes:
    """The PNG with the credential in it, in place of any that was there.

    Raises:
        Unreadable: ``picture`` is not a PNG.
    """
    baked = [PNG_SIGNATURE]
    for kind, content in _chunks(picture):
        if kind == b"iTXt" and content.startswith(KEYWORD + b"\0"):
            continue
        if kind == b"IEND":
            # Keyword, not compressed, no language, no translated keyword, text (PNG 3, section 11.3.3.4).
            baked.append(_chunk(b"iTXt", KEYWORD + b"\0" + b"\0\0" + b"\0" + b"\0" + credential.encode()))
        baked.append(_chunk(kind, content))
    return b"".join(baked)


def bake_svg(picture: str, credential: str) -> str:
    """The SVG with the credential as the first element of its root. ``picture`` is ours: one root, written plainly."""
    start = picture.index("<svg")
    end = picture.index(">", start)
    element = f"<openbadges:credential>{escape(credential)}</openbadges:credential>"
    return f'{picture[:end]} xmlns:openbadges="{NAMESPACE}">{element}{picture[end + 1 :]}'


def read_png(data: bytes) -> bytes:
    """The credential in a PNG. Unreadable (``damaged``, ``nothing_inside``, ``two_inside``, ``too_large``)."""
    found = [content for kind, content in _chunks(data) if kind == b"iTXt" and content.startswith(KEYWORD + b"\0")]
    return _text_of(_only(found))


def _only(found: list[bytes]) -> bytes:
    if len(found) != 1:
        raise Unreadable("two_inside" if found else "nothing_inside")
    return found[0]


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk up to the end mark. Unreadable where lengths or check sums do not fit."""
    if not data.startswith(PNG_SIGNATURE):
        raise Unreadable("damaged")
    place = len(PNG_SIGNATURE)
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            break
        (check,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[place + 4 : end - 4]) != check:
            break
        yield kind, data[place + 8 : end - 4]
        if kind == b"IEND":
            return
        place = end
    raise Unreadable("damaged")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _text_of(content: bytes) -> bytes:
    flags, rest = content[len(KEYWORD) + 1 :][:2], content[len(KEYWORD) + 3 :]
    parts = rest.split(b"\0", 2)
    if len(flags) != 2 or len(parts) != 3:
        raise Unreadable("damaged")
    is_compressed, method = flags
    if not is_compressed:
        return parts[2]
    # The standard forbids it, and some tools do it all the same.
    if is_compressed != 1 or method != 0:
        raise Unreadable("damaged")
    return inflate(parts[2])


def inflate(data: bytes) -> bytes:
    """A zlib stream unpacked, and never more of it than a credential may be long."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise Unreadable("damaged") from error
    if len(text) > MAX_BYTES:
        raise Unreadable("too_large")
    if not unpacker.eof:
        raise Unreadable("damaged")
    return text


def read_svg(data: bytes) -> bytes:
    """The credential in an SVG. Unreadable (``damaged``, ``nothing_inside``, ``two_inside``, ``too_large``)."""
    reader = _SvgReader()
    parser = DefusedXMLParser(target=reader, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        parser.close()
    except Unreadable:
        raise
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        # LookupError, ValueError: an encoding that nobody knows, or that XML does not allow.
        raise Unreadable("damaged") from error
    return _only(reader.found)


class _SvgReader:
    """Takes an SVG as it is being parsed and keeps nothing but the credential: no tree is ever built."""

    def __init__(self) -> None:
        self.found: list[bytes] = []
        self._depth = 0
        self._text: list[str] | None = None
        self._length = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and tag != _SVG:
            raise Unreadable("nothing_inside")
        self._depth += 1
        if tag == _CREDENTIAL:
            self._text, self._length = [], 0
            # A signed token (VC-JWT) stands in an attribute.
            self.data(attributes.get("verify", ""))

    def data(self, text: str) -> None:
        if self._text is None:
            return
        self._length += len(text)
        if self._length > MAX_BYTES:
            raise Unreadable("too_large")
        self._text.append(text)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if tag == _CREDENTIAL and self._text is not None:
            self.found.append("".join(self._text).strip().encode())
            self._text = None

    def close(self) -> None:
        """Nothing is left to do; the parser calls it."""
