"""The cache, when its server is gone: slower, never an error page.

What the cache holds can be done without for a while: addresses of the site, counters of rate limits, signs of life of
the workers. A login must not fail because the queue's server restarts.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def forgiving(otherwise: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A cache method that gives ``otherwise`` (called with the method's arguments if it can be) without a server."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return method(self, *args, **kwargs)
            except (RedisError, OSError) as error:
                log.warning("cache_down: %s", type(error).__name__)
                return otherwise(*args, **kwargs) if callable(otherwise) else otherwise

        return call

    return decorate


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache that forgets everything while its server is away. Health checks ask ``is_up`` instead."""

    add = forgiving(True)(RedisCache.add)
    get = forgiving(lambda key, default=None, version=None: default)(RedisCache.get)
    set = forgiving(None)(RedisCache.set)
    touch = forgiving(False)(RedisCache.touch)
    delete = forgiving(False)(RedisCache.delete)
    get_many = forgiving(lambda keys, version=None: {})(RedisCache.get_many)
    set_many = forgiving(lambda data, *args, **kwargs: list(data))(RedisCache.set_many)
    delete_many = forgiving(None)(RedisCache.delete_many)
    has_key = forgiving(False)(RedisCache.has_key)
    incr = forgiving(1)(RedisCache.incr)

    def is_up(self) -> bool:
        """Whether the server answers now."""
        try:
            return bool(self._cache.get_client().ping())
        except (RedisError, OSError):
            return False
