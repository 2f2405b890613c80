"""How sure it is who a person is: the one place that says so. Credentials repeat it."""

import re

from django.db import transaction

from lms.accounts.models import IdentityCheck, User

# Thirteen digits, however they are spaced, Thai ones too: a national id, which has no business here.
_NATIONAL_ID = re.compile(r"\d(?:[\s-]?\d){12}")


class NotAllowed(Exception):
    """It may not be said so; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def record(person: User, *, level: str, grounds: str, by: User | None) -> IdentityCheck:
    """Writes down how sure it is that this account is the person whose name it bears now.

    ``by`` None: a login service said so. Raises NotAllowed: no grounds, a national id among them, one's own account,
    or ThaID on the word of a person. Raises ValueError when there is no such level.
    """
    level = User.IdentityLevel(level)
    if not grounds.strip():
        raise NotAllowed("no_grounds")
    if _NATIONAL_ID.search(grounds):
        raise NotAllowed("national_id")
    if by == person:
        raise NotAllowed("oneself")
    if by is not None and level == User.IdentityLevel.THAID:
        raise NotAllowed("thaid")
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=person.pk)
        check = IdentityCheck.objects.create(
            person=locked, level=level, name=locked.get_full_name(), grounds=grounds.strip(), checked_by=by
        )
        locked.identity_level = level
        locked.save(update_fields=["identity_level"])
    person.identity_level = level
    return check
