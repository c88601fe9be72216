"""Files of front-end packages that pages load, each under /static/vendor/ by its name."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage


class VendorFiles(BaseFinder):
    """Finds the files that VENDOR_FILES names, and none of the fifty megabytes beside them."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.storage = FileSystemStorage(location=settings.NODE_MODULES)
        self.storage.prefix = "vendor"  # type: ignore[attr-defined]  # collectstatic reads it

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        name = path.removeprefix("vendor/")
        found = name != path and name in settings.VENDOR_FILES and self.storage.exists(name)
        if not found:
            return []
        return [self.storage.path(name)] if find_all else self.storage.path(name)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in settings.VENDOR_FILES:
            if self.storage.exists(name):  # absent until `make setup`
                yield name, self.storage
