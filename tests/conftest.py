import gc
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from annotation.models.schemes import read_scheme
from corpus.ffmpeg_binary import ffmpeg_path
from people import installation
from tests.factories import make_corpus, make_person

# Playwright's sync API keeps an event loop in the thread of the test, which Django would refuse.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# Networks in tests are tiny: a second thread costs them more than it brings.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says something of the machine, not of the code.
hypothesis_settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suite")

SRT = """1
00:00:00,500 --> 00:00:01,500
张三：你好！

2
00:00:01,700 --> 00:00:02,600
李四：真巧啊，又是你。

3
00:00:07,000 --> 00:00:08,000
张三：再见。

4
00:00:08,200 --> 00:00:09,300
李四：再见。
"""


# of the browser tests, those that write from several pages at once: they are run on each database
BROWSER_TESTS_OF_DATABASES = {"test_editor.py", "test_round.py"}
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


def pytest_addoption(parser):
    parser.addoption("--database-only", action="store_true", help="only what needs each database")


def pytest_collection_modifyitems(config, items):
    """On a second database neither the plain modules nor the pages' scripts need a second proof."""
    if not config.getoption("--database-only"):
        return
    kept = [item for item in items if depends_on_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def depends_on_database(item):
    if item.get_closest_marker("one_database"):
        return False
    if item.path.parent.name == "browser" and item.path.name not in BROWSER_TESTS_OF_DATABASES:
        return False
    fixtures = DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db"))


def pytest_collection_finish():
    """What is loaded by now stays: to look through it for garbage is a tenth of all the work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@pytest.fixture(autouse=True)
def default_language():
    """A request in another language leaves that language behind for the test after it."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _no_leftovers():
    yield
    shutil.rmtree(django_settings.DATA_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_directories(settings, tmp_path):
    """Every test has media, releases and runs of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.RELEASES_DIR = tmp_path / "releases"
    settings.RUNS_DIR = tmp_path / "runs"
    settings.WORK_DIR = tmp_path / "work"
    settings.MEDIA_ROOT.mkdir()
    read_scheme.cache_clear()  # rolled back rows give their ids to others
    for name in ("default", "fragments"):
        caches[name].clear()


@pytest.fixture(autouse=True)
def _set_up(monkeypatch):
    """The installation has an administrator; tests of the first run take this back."""
    monkeypatch.setattr(installation, "_known", {"set up", "in use"})


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    """Ten seconds of moving picture with a tone."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    command = [ffmpeg_path(), "-loglevel", "error", "-f", "lavfi"]
    command += ["-i", "testsrc2=size=320x180:rate=25:duration=10", "-f", "lavfi"]
    command += ["-i", "sine=frequency=440:duration=10", "-c:v", "libx264", "-preset", "ultrafast"]
    command += ["-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def srt(tmp_path) -> Path:
    path = tmp_path / "film.srt"
    path.write_text(SRT, encoding="utf-8")
    return path


@pytest.fixture
def learner_here(monkeypatch):
    """Runs and looks are computed in this process: starting one takes seconds. Supervision itself
    is what tests/modeling/test_runs.py and test_checkpoints.py prove.
    """
    from modeling import learner_process
    from tests.modeling.factories import run

    def here(arguments, directory, beat):
        directory.mkdir(parents=True, exist_ok=True)
        ended = run(*arguments)
        (directory / "stdout.txt").write_text(ended.stdout, "utf-8")
        (directory / "stderr.txt").write_text(ended.stderr, "utf-8")
        learner_process.check_exit_status(ended.returncode, directory)
        beat()
        return ended.stdout

    for module in ("training", "evaluation", "protocol_work"):
        monkeypatch.setattr(f"modeling.{module}.supervise", here)


@pytest.fixture
def lead(db):
    return make_person("lead")


@pytest.fixture
def corpus(lead):
    return make_corpus(lead)


@pytest.fixture
def client_of():
    """A client in which a person is signed in."""

    def signed_in(person):
        client = Client()
        client.force_login(person)
        return client

    return signed_in


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Published data sets that are not part of the project; tests skip where they are absent."""
    path = Path(os.environ.get("CORPUS_TEST_DATA", django_settings.ROOT / "../shared/data"))
    if not path.is_dir():
        pytest.skip(f"no published data at {path} (CORPUS_TEST_DATA)")
    return path


@pytest.fixture(scope="session")
def store_server():
    """An S3 server that runs here, for tests that ask for `object_store`."""
    from tests.object_store import ObjectStore  # heavy, and only for these

    server = ObjectStore()
    yield server
    server.stop()


@pytest.fixture
def object_store(store_server, settings):
    """The application keeps its files in an empty bucket; see ObjectStore."""
    settings.STORAGES = settings.STORAGES | {"default": store_server.new_bucket(settings)}
    return store_server
