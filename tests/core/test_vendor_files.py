"""Of the front-end packages only the named files are served and collected."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from core.vendor_files import VendorFiles

NAMED = "echarts/dist/echarts.common.min.js"
pytestmark = pytest.mark.skipif(
    not (settings.NODE_MODULES / NAMED).exists(), reason="front-end packages are not installed"
)


def test_named_files_are_found_and_nothing_beside_them():
    assert Path(finders.find(f"vendor/{NAMED}")).is_file()
    assert not finders.find("vendor/echarts/dist/echarts.js")
    assert not finders.find(NAMED)


def test_collectstatic_takes_the_named_files_alone():
    found = [(name, storage.prefix) for name, storage in VendorFiles().list([])]
    assert found == [(name, "vendor") for name in settings.VENDOR_FILES]
