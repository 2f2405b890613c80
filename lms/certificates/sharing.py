"""Who may see one credential in full: its holder, and whoever opens one of its share links while that is open."""

from dataclasses import dataclass

from django.http import HttpRequest

from lms.certificates.models import Disclosure, ShareLink, hash_token
from lms.credentials.models import Credential

PARAMETER = "share"
# token_urlsafe(32) has 43 characters; nothing longer is worth hashing.
_MOST_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Shown:
    """What a visitor of a credential's public page gets to see."""

    holder: str
    is_full: bool = False
    link: ShareLink | None = None
    token: str = ""
    has_picture: bool = False

    @property
    def link_state(self) -> str:
        """``open``, ``expired`` or ``revoked``; empty without a link."""
        return self.link.state if self.link else ""


def link_of(request: HttpRequest, credential: Credential) -> ShareLink | None:
    """The share link by which the visitor came, open or not; None for none, or one of another credential."""
    token = request.GET.get(PARAMETER, "")
    if not token or len(token) > _MOST_CHARACTERS:
        return None
    return ShareLink.objects.filter(token_sha256=hash_token(token), credential=credential).first()


def shown_to(request: HttpRequest, credential: Credential) -> Shown:
    """What this visitor gets to see: through an open link everything, else what the holder shows everybody."""
    disclosure = Disclosure.of(credential)
    link = link_of(request, credential)
    if link and link.state == "open":
        return Shown(credential.holder_name, True, link, request.GET[PARAMETER], disclosure.has_picture)
    return Shown(disclosure.holder, disclosure.shows == Disclosure.Shows.NAME, link, "", disclosure.has_picture)


def may_have(request: HttpRequest, credential: Credential) -> bool:
    """Whether the visitor may have the credential's files."""
    if request.user.is_authenticated and request.user.pk == credential.learner_id:
        return True
    link = link_of(request, credential)
    return link is not None and link.state == "open"
