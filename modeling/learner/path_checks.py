"""Whether the places that options name can be read or written, checked before anything begins."""

import os
from pathlib import Path


class OptionError(ValueError):
    """An option that cannot be followed: a place where nothing can be read or written."""


def check_release_directory(root: Path) -> None:
    """Raises OptionError where a release could not be read."""
    if root.is_file():
        raise OptionError(f"{root} is not a release directory but a file; unpack it first.")
    if not root.is_dir():
        raise OptionError(f"{root} is not a release directory: there is no such directory.")
    if not (root / "manifest.json").exists():
        raise OptionError(
            f"{root} is not a release directory: it holds no manifest.json. Name the directory in"
            " which manifest.json and utterances.jsonl are."
        )


def check_writable_directory(option: str, directory: Path, release: Path | None = None) -> None:
    """Raises OptionError where a directory could not be made or written; makes nothing."""
    _check_outside_release(option, directory, release)
    if directory.exists() and not directory.is_dir():
        raise OptionError(f"{option}: {directory} is a file; name a directory.")
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise OptionError(f"{option}: {directory} cannot be made, for {there} is a file.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OptionError(f"{option}: {there} is not writable; name another directory.")


def check_writable_file(option: str, file: Path, release: Path | None = None) -> None:
    """Raises OptionError where a file could not be written; writes nothing."""
    _check_outside_release(option, file, release)
    if file.is_dir():
        raise OptionError(f"{option}: {file} is a directory; name a file.")
    if not file.parent.is_dir():
        raise OptionError(f"{option}: there is no directory {file.parent}; make it first.")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise OptionError(f"{option}: {file.parent} is not writable; name another place.")


def _check_outside_release(option: str, place: Path, release: Path | None) -> None:
    try:
        inside = release is not None and place.resolve().is_relative_to(release.resolve())
    except RuntimeError as error:  # a symbolic link that leads to itself
        raise OptionError(f"{option}: {place} leads nowhere; name another place.") from error
    if inside:
        raise OptionError(
            f"{option}: {place} lies inside the release, which never changes; name another place."
        )
