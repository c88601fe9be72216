"""Options of the commands: what each may be, and places where something can be read or written.

All of it is checked before anything is begun: an impossible option costs no look and no epoch.
"""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from modeling.learner.recipes import RecipeError, nearest, shown, spanned

MOST_SEEDS = 1000  # of one command
LONGEST_PAUSE = 86_400.0  # seconds between two checkpoints
CHOICE = re.compile(r"(?P<option>.*): invalid choice: (?P<given>.*) \(choose from (?P<known>.*)\)")


class OptionError(ValueError):
    """An option that cannot be followed: a place where nothing can be read or written."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence instead of printing how the command is used."""

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """The options. Ends the program with status 2 and a sentence where they are wrong."""
        found, left = self.parse_known_args(arguments)
        if left:
            chosen: Parser = found.parser
            known = [name for name in chosen.names if name.startswith("--")]
            hint = nearest(left[0], known) if left[0].startswith("-") else ""
            chosen.error(f"{shown(left[0])} is no option of {found.verb}; {hint}".rstrip("; "))
        return found

    def __init__(self, *positional: Any, **named: Any) -> None:
        self.names: list[str] = []
        super().__init__(*positional, **named)

    def add_argument(self, *names: Any, **more: Any) -> argparse.Action:
        self.names += names
        return super().add_argument(*names, **more)

    def error(self, message: str) -> NoReturn:
        told = CHOICE.fullmatch(message.removeprefix("argument "))
        if told:
            known = re.findall(r"'([^']*)'", told["known"])
            hint = nearest(told["given"].strip("'"), known)
            message = f"{told['option']} cannot be {told['given']}; {hint}"
        words = message.removeprefix("argument ").rstrip(".?")
        end = "?" if message.endswith("?") else "."
        self.exit(2, f"{words}{end} ({self.prog} --help says more.)\n")


def whole(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value = int(text)
            spanned("it", value, low, high)
        except (ValueError, RecipeError) as error:
            words = f"expected a whole number from {low:,} to {high:,}, not {shown(text)}"
            raise argparse.ArgumentTypeError(words) from error
        return value

    return read


def real(low: float, high: float) -> Callable[[str], float]:
    """Reads a number from `low` to `high`, neither NaN nor infinite."""

    def read(text: str) -> float:
        try:
            value = float(text)
            spanned("it", value, low, high)
        except (ValueError, RecipeError) as error:
            words = f"expected a number from {low:,g} to {high:,g}, not {shown(text)}"
            raise argparse.ArgumentTypeError(words) from error
        return value

    return read


def part(text: str) -> tuple[int, int]:
    """Reads K/N, the K-th of N parts."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= of:
        words = f"expected K/N with K from 1 to N, such as 1/4, not {shown(text)}"
        raise argparse.ArgumentTypeError(words)
    return number, of


def path(text: str) -> Path:
    """Reads the name of a file or directory."""
    try:
        possible = text and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half a character
        possible = False
    if not possible:
        raise argparse.ArgumentTypeError(f"expected a path, not {shown(text)}")
    return Path(text)


def release_directory(root: Path) -> None:
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


def writable_directory(option: str, directory: Path, release: Path | None = None) -> None:
    """Raises OptionError where a directory could not be made or written; makes nothing."""
    _outside(option, directory, release)
    if directory.exists() and not directory.is_dir():
        raise OptionError(f"{option}: {directory} is a file; name a directory.")
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise OptionError(f"{option}: {directory} cannot be made, for {there} is a file.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OptionError(f"{option}: {there} is not writable; name another directory.")


def writable_file(option: str, file: Path, release: Path | None = None) -> None:
    """Raises OptionError where a file could not be written; writes nothing."""
    _outside(option, file, release)
    if file.is_dir():
        raise OptionError(f"{option}: {file} is a directory; name a file.")
    if not file.parent.is_dir():
        raise OptionError(f"{option}: there is no directory {file.parent}; make it first.")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise OptionError(f"{option}: {file.parent} is not writable; name another place.")


def _outside(option: str, place: Path, release: Path | None) -> None:
    try:
        inside = release is not None and place.resolve().is_relative_to(release.resolve())
    except RuntimeError as error:  # a symbolic link that leads to itself
        raise OptionError(f"{option}: {place} leads nowhere; name another place.") from error
    if inside:
        raise OptionError(
            f"{option}: {place} lies inside the release, which never changes; name another place."
        )
