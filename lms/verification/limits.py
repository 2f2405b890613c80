"""How often a stranger may do what: counted in the cache, by a keyed hash, for as long as the window lasts."""

import logging
import time
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.crypto import salted_hmac

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` times in ``seconds``. Where counting fails, ``is_strict`` says no and the others say yes."""

    name: str
    most: int
    seconds: int
    is_strict: bool = False

    def is_used_up(self, whose: str, amount: int = 1) -> bool:
        """Counts, and says whether that was too much. ``whose``: an address, a number; kept as a keyed hash only."""
        window = int(time.time() // self.seconds)
        hashed = salted_hmac(f"lms.verification.{self.name}", whose, algorithm="sha256").hexdigest()[:32]
        key = f"limit:{self.name}:{hashed}:{window}"
        try:
            cache.add(key, 0, 2 * self.seconds)
            used = cache.incr(key, amount)
            # A cache that forgets everything lets incr say 1 for ever.
            is_counting = not self.is_strict or cache.get(key) is not None
        except Exception:
            log.exception("%s are not being counted", self.name)
            return self.is_strict
        return not is_counting or used > self.most


BATCHES = Limit("batches", 20, 3600)
# The question "is it this person?" must not become a way to find out who it is: few tries for one number, whoever asks.
NAMES_OF_ONE_NUMBER = Limit("names-of-one-number", 10, 3600, is_strict=True)
NAMES_BY_ONE_SENDER = Limit("names-by-one-sender", 60, 3600, is_strict=True)
