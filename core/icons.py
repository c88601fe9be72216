"""The icons of Lucide that the interface names, as one SVG sprite.

`{% icon "play" %}` draws one; core/built_files.py serves the sprite.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PACKAGE = "node_modules/lucide-static/icons"
FOLDERS = (  # where icons are named
    *("templates", "static/js", "core", "jobs", "people", "corpus", "annotation", "releases"),
    *("modeling", "backups", "demo"),
)
NAMES = {  # how, by the ending of the file
    ".html": re.compile(r"(?:{% icon |\bicon=)\"([a-z0-9-]+)\""),
    ".py": re.compile(r"\bicon=\"([a-z0-9-]+)\""),
    ".js": re.compile(r"\bicon\(\"([a-z0-9-]+)\""),
}
SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def naming_files(root: Path) -> Iterator[Path]:
    """The templates, Python files and scripts below a directory that may name icons."""
    for folder in FOLDERS:
        yield from (path for path in (root / folder).rglob("*") if path.suffix in NAMES)


def named_icons(root: Path) -> set[str]:
    return {
        name
        for path in naming_files(root)
        for name in NAMES[path.suffix].findall(path.read_text("utf-8"))
    }


def sprite(root: Path) -> str:
    """An SVG with a symbol for each icon. Raises ImproperlyConfigured for a name without one."""
    symbols = []
    for name in sorted(named_icons(root)):
        path = root / PACKAGE / f"{name}.svg"
        shapes = SHAPES.search(path.read_text("utf-8")) if path.exists() else None
        if not shapes:
            raise ImproperlyConfigured(f"{PACKAGE} has no icon {name}: run make setup, or rename.")
        drawn = re.sub(r"\s+", " ", shapes[1]).strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'
