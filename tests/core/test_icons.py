"""Icons: what pages name is in the sprite, and the sprite is a static file."""

import re
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from core.built_files import write_built
from core.icons import PACKAGE, named_icons, sprite

pytestmark = pytest.mark.skipif(
    not (settings.ROOT / PACKAGE).exists(), reason="lucide-static is not installed (make setup)"
)


@pytest.fixture
def project(tmp_path):
    """A project that names icons in a template, a Python file and a script."""
    for path, text in {
        "templates/a.html": '{% icon "play" %}<c-button icon="plus">x</c-button>',
        "corpus/places.py": 'Place("x", icon="flag")',
        "static/js/a.js": 'append(icon("search"))',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    (tmp_path / "node_modules").symlink_to(settings.ROOT / "node_modules")
    return tmp_path


def symbols(text):
    return {each.get("id") for each in ElementTree.fromstring(text)}


def test_the_sprite_holds_what_is_named(project):
    assert named_icons(project) == {"play", "plus", "flag", "search"}
    assert symbols(sprite(project)) == {"play", "plus", "flag", "search"}


def test_a_name_without_an_icon_is_refused(project):
    (project / "templates/b.html").write_text('{% icon "no-such-icon" %}', "utf-8")
    with pytest.raises(ImproperlyConfigured, match="no-such-icon"):
        sprite(project)


def test_every_icon_of_the_interface_exists():
    assert len(named_icons(settings.ROOT)) > 3
    assert symbols(sprite(settings.ROOT)) == named_icons(settings.ROOT)


def test_it_is_found_and_collected_under_a_hashed_name(settings, tmp_path):
    assert finders.find("icons.svg").endswith("icons.svg")
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", verbosity=0, interactive=False)
    assert [path for path in tmp_path.iterdir() if re.fullmatch(r"icons\.\w{12}\.svg", path.name)]


def test_it_is_written_again_only_when_it_changes():
    path = write_built("icons.svg")
    written = path.stat().st_mtime_ns
    assert write_built("icons.svg").stat().st_mtime_ns == written
    path.write_text("old", "utf-8")
    assert write_built("icons.svg").read_text("utf-8") == sprite(settings.ROOT)


def test_all_style_sheets_are_one_file_in_their_order():
    whole = write_built("shengqing.css").read_text("utf-8")
    assert whole.startswith("@layer tokens, base, layout, components, features;")
    assert "/*" not in whole and whole.count("{") == whole.count("}")
    for path in (settings.ROOT / "static/css").rglob("*.css"):
        last = [line for line in path.read_text("utf-8").splitlines() if line.endswith(": 0;")]
        assert all(line.strip() in whole for line in last), path
