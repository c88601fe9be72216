"""Compile one .po file: `messages.py SOURCE.po TARGET.mo`."""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogue(source: Path, target: Path) -> None:
    """Write `target` whole or not at all. Raises babel's PoFileError for a broken source."""
    with source.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    partial = target.with_suffix(".partial")
    with partial.open("wb") as file:
        write_mo(file, catalogue)
    partial.replace(target)


if __name__ == "__main__":
    compile_catalogue(Path(sys.argv[1]), Path(sys.argv[2]))
