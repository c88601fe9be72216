"""Static files have names with their digest; what was not collected has no address."""

import re

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.templatetags.static import static


def test_an_address_is_that_of_the_manifest_each_time(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "core.static_storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}
    call_command("collectstatic", verbosity=0, interactive=False)
    first = static("icon.svg")
    assert re.fullmatch(r"/static/icon\.\w{12}\.svg", first) and static("icon.svg") == first
    assert (tmp_path / first.removeprefix("/static/")).is_file()
    assert staticfiles_storage.url("icon.svg", force=True) == first
    for _ in range(2):
        with pytest.raises(ValueError, match="no-such-file"):
            static("no-such-file.js")
