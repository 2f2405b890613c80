import io
import json
import struct
import time
import zlib

import pytest
from PIL import Image

from lms.credentials import baking, unpacking
from lms.credentials.baking import KEYWORD, PNG_SIGNATURE, bake_png, bake_svg
from lms.credentials.profile import MAX_BYTES, Unreadable
from lms.credentials.unpacking import credential_in

TEXT = json.dumps({"name": 'น้ำฝน <ใจดี> & "]]>"', "id": "urn:uuid:x"}, ensure_ascii=False)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect/></svg>'

ONE = f'<credential xmlns="{baking.NAMESPACE}">{{}}</credential>'
SVG_WITH_TWO = SVG.replace("<rect/>", ONE + ONE)


def png():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "#123456").save(buffer, "PNG")
    return buffer.getvalue()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunks(*contents):
    """A PNG with these iTXt chunks."""
    start = png()[: -len(chunk(b"IEND", b""))]
    return start + b"".join(chunk(b"iTXt", content) for content in contents) + chunk(b"IEND", b"")


def plain(text, keyword=KEYWORD):
    return keyword + b"\0\0\0\0\0" + text


def packed(data):
    return KEYWORD + b"\0\1\0\0\0" + zlib.compress(data, 9)


def code_of(data):
    with pytest.raises(Unreadable) as refusal:
        credential_in(data)
    return refusal.value.code


def test_a_credential_comes_out_of_a_png_byte_for_byte_and_the_picture_is_the_same():
    baked = bake_png(png(), TEXT)
    assert credential_in(baked) == TEXT.encode()
    assert Image.open(io.BytesIO(baked)).tobytes() == Image.open(io.BytesIO(png())).tobytes()


def test_a_credential_comes_out_of_an_svg_byte_for_byte():
    assert credential_in(bake_svg(SVG, TEXT).encode()) == TEXT.encode()


def test_a_picture_baked_twice_has_one_credential_the_last():
    assert credential_in(bake_png(bake_png(png(), "old"), TEXT)) == TEXT.encode()


def test_another_library_reads_our_pictures_and_we_read_its(tmp_path):
    from openbadgeslib.baking import bake_png as their_bake
    from openbadgeslib.baking import bake_svg as their_svg
    from openbadgeslib.baking import extract_png, extract_svg

    assert extract_png(bake_png(png(), TEXT), keyword=KEYWORD) == TEXT
    assert credential_in(their_bake(png(), TEXT, keyword=KEYWORD)) == TEXT.encode()
    token = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
    baked = their_svg(SVG.encode(), token, element="openbadges:credential", namespace=baking.NAMESPACE)
    assert credential_in(baked) == token.encode()
    ours = bake_svg(SVG, TEXT).encode()
    assert extract_svg(ours, element="openbadges:credential", text_fallback=True).strip() == TEXT


def test_a_compressed_chunk_is_read_although_the_standard_forbids_it():
    assert credential_in(with_chunks(packed(TEXT.encode()))) == TEXT.encode()


def test_what_is_no_picture_is_handed_on_as_it_is():
    assert credential_in(TEXT.encode()) == TEXT.encode()
    assert credential_in(b"") == b""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (png(), "nothing_inside"),
        (with_chunks(plain(b"{}"), plain(b"{}")), "two_inside"),
        (with_chunks(plain(b"{}", b"openbadges")), "nothing_inside"),
        (with_chunks(packed(b" " * (MAX_BYTES + 1))), "too_large"),
        (with_chunks(packed(b"{}")[:-3]), "damaged"),
        (with_chunks(KEYWORD + b"\0\1\0\0\0not zlib"), "damaged"),
        (with_chunks(KEYWORD + b"\0\2\0\0\0{}"), "damaged"),
        (with_chunks(KEYWORD + b"\0\0"), "damaged"),
        (PNG_SIGNATURE, "damaged"),
        (PNG_SIGNATURE + b"\xff\xff\xff\xffiTXt" + b"x" * 100, "damaged"),
        (bake_png(png(), TEXT)[:-20], "damaged"),
        (bake_png(png(), TEXT).replace("ใจดี".encode(), "ใจดำ".encode()), "damaged"),
        (SVG.encode(), "nothing_inside"),
        (b"<html><body/></html>", "nothing_inside"),
        (b"<svg", "damaged"),
        (b'<?xml version="1.0" encoding="x-nothing"?>' + SVG.encode(), "damaged"),
        (SVG_WITH_TWO.encode(), "two_inside"),
        (bake_svg(SVG, " " + "x" * MAX_BYTES + "x").encode(), "too_large"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.encode(), "damaged"),
        (b"<" * (1024 * 1024 + 1), "too_large"),
        (b"x" * (unpacking.MAX_FILE_BYTES + 1), "too_large"),
    ],
)
def test_what_cannot_be_read_says_why(data, code):
    assert code_of(data) == code


def test_bombs_cost_nothing():
    laughs = '<!DOCTYPE svg [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY a{n} "{"&a" + str(n - 1 or "") + ";"}{"&a" + str(n - 1 or "") + ";"}">' for n in range(1, 30)
    )
    bombs = [
        with_chunks(packed(b" " * 200_000_000)),
        (laughs + "]>" + SVG.replace("<rect/>", "&a29;")).encode(),
        b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * 300_000,
        PNG_SIGNATURE + chunk(b"tEXt", b"") * 300_000,
    ]
    started = time.process_time()
    codes = [code_of(bomb) for bomb in bombs]
    assert codes == ["too_large", "damaged", "damaged", "damaged"]
    assert time.process_time() - started < 10
