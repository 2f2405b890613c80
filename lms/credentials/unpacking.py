"""The credential inside whatever was sent: a JSON file as it is, a picture, or a sealed certificate."""

from lms.credentials import baking, seals
from lms.credentials.profile import Unreadable

# Of a file that has a credential in it; the credential itself may have profile.MAX_BYTES.
MAX_FILE_BYTES = 4 * 1024 * 1024
# An SVG is text that is read letter by letter: a second's worth of it.
_MAX_SVG_BYTES = 1024 * 1024


def credential_in(data: bytes) -> bytes:
    """The text of the credential, as it was put there. What is neither a picture nor a PDF is returned as it is.

    Raises:
        Unreadable: it is damaged, too large, or has no credential in it.
        seals.SealBroken: a certificate that was changed after it was sealed.
        seals.SealUnavailable: the list of seals cannot be read: nothing is known about any certificate then.
    """
    if len(data) > MAX_FILE_BYTES:
        raise Unreadable("too_large")
    if data.startswith(baking.PNG_SIGNATURE):
        return baking.read_png(data)
    if data.startswith(b"%PDF-"):
        return seals.read_pdf(data)
    if _looks_like_xml(data):
        if len(data) > _MAX_SVG_BYTES:
            raise Unreadable("too_large")
        return baking.read_svg(data)
    return data


def _looks_like_xml(data: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or data[:2] in {b"\xff\xfe", b"\xfe\xff"}
