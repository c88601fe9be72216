"""Static files that are put together from others: found, collected and hashed like the rest.

They lie in DATA_DIR/built and are written again when what they are made of has changed.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

from core.icons import sprite
from core.stylesheets import stylesheet

BUILT: dict[str, Callable[[Path], str]] = {"icons.svg": sprite, "shengqing.css": stylesheet}


def write_built(name: str) -> Path:
    """The path of a built file, whose content is that of now."""
    path: Path = settings.DATA_DIR / "built" / name
    content = BUILT[name](settings.ROOT)
    if path.exists() and path.read_text("utf-8") == content:
        return path  # its time says when it last changed
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    Path(partial).replace(path)  # another process may read or write it at the same time
    return path


class BuiltFilesFinder(BaseFinder):
    """Lets Django find the built files."""

    def check(self, **_options: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False) -> Any:
        found = [str(write_built(path))] if path in BUILT else []
        return found if find_all or not found else found[0]

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        storage = FileSystemStorage(location=settings.DATA_DIR / "built")
        for name in BUILT:
            write_built(name)
            yield name, storage
