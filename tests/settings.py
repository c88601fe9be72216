"""Settings of the suite: a data directory of its own, tasks run at once."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="shengqing-tests-")
os.environ["DEMO"] = "0"

from config.settings import *  # noqa: E402, F403

CELERY_TASK_ALWAYS_EAGER = True
HEARTBEAT_EVERY = 0.02
MEDIA_IN_PROCESS = True  # a process for each small film takes half a second to start
LOGGING["root"]["level"] = "WARNING"  # noqa: F405  # tests of the log lower it
LINK_ATTEMPTS = 10**9  # fuzzers and the table of permissions try the same links all day
SESSION_SEEN_EVERY = 0  # no page of a test writes that its session was seen
if "sqlite3" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}  # noqa: F405
EMBEDDED_REDIS = DATA_DIR / "redis.sock"  # noqa: F405
CELERY_BROKER_URL = f"redis+socket://{EMBEDDED_REDIS}"
if os.environ.get("REDIS_URL"):  # tests that run side by side share a server, not a queue
    own = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    CELERY_BROKER_URL = f"{os.environ['REDIS_URL'].rsplit('/', 1)[0]}/{own}"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {  # noqa: F405
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
API_REQUESTS_PER_MINUTE = 0  # tokens of one test would be counted with those of the next
