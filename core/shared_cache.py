"""What processes of several hosts remember together, in Redis: the cache `kept` where hosts share
no folder. A Redis that does not answer has forgotten everything, which no page needs to know.
"""

import json
import logging

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class JSONSerializer:
    """Values as JSON: of whoever writes into Redis, a web process unpickles nothing."""

    def dumps(self, value):
        return value if type(value) is int else json.dumps(value)

    def loads(self, data):
        return json.loads(data)


class SharedCache(RedisCache):
    """See the module."""

    def get(self, key, default=None, version=None):
        try:
            return super().get(key, default, version)
        except RedisError as error:
            log.warning("the cache does not answer: %s", error)
            return default

    def set(self, key, value, *arguments, **named):
        try:
            super().set(key, value, *arguments, **named)
        except RedisError as error:
            log.warning("the cache does not answer: %s", error)

    def count(self, key, seconds):
        """One more of something, forgotten after so many seconds; whether it was counted."""
        try:
            self.add(key, 0, seconds)
            self.incr(key)
        except (RedisError, ValueError) as error:  # ValueError: forgotten between the two
            log.warning("the cache does not answer: %s", error)
            return False
        return True
