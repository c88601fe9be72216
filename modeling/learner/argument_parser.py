"""Options of the commands: what each may be, and places where something can be read or written.

All of it is checked before anything begins: an impossible option costs no test evaluation.
"""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from modeling.learner.error_messages import display_value, suggest_name
from modeling.learner.recipes import RecipeError, check_range

MAX_SEEDS = 1000  # of one command
MAX_CHECKPOINT_SECONDS = 86_400.0  # seconds between two checkpoints
INVALID_CHOICE = re.compile(
    r"(?P<option>.*): invalid choice: (?P<given>.*) \(choose from (?P<known>.*)\)"
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence instead of printing how the command is used."""

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """The options. Ends the program with status 2 and a sentence where they are wrong."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            chosen: Parser = options.parser
            known = [name for name in chosen.names if name.startswith("--")]
            hint = suggest_name(unknown[0], known) if unknown[0].startswith("-") else ""
            chosen.error(
                f"{display_value(unknown[0])} is no option of {options.verb}; {hint}".rstrip("; ")
            )
        return options

    def __init__(self, *positional: Any, **named: Any) -> None:
        self.names: list[str] = []
        super().__init__(*positional, **named)

    def add_argument(self, *names: Any, **more: Any) -> argparse.Action:
        """As in argparse; the names are kept for hints."""
        self.names += names
        return super().add_argument(*names, **more)

    def error(self, message: str) -> NoReturn:
        """End the program with status 2 and the message on one line."""
        match = INVALID_CHOICE.fullmatch(message.removeprefix("argument "))
        if match:
            known = re.findall(r"'([^']*)'", match["known"])
            hint = suggest_name(match["given"].strip("'"), known)
            message = f"{match['option']} cannot be {match['given']}; {hint}"
        text = message.removeprefix("argument ").rstrip(".?")
        end = "?" if message.endswith("?") else "."
        self.exit(2, f"{text}{end} ({self.prog} --help says more.)\n")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value = int(text)
            check_range("it", value, low, high)
        except (ValueError, RecipeError) as error:
            words = f"expected a whole number from {low:,} to {high:,}, not {display_value(text)}"
            raise argparse.ArgumentTypeError(words) from error
        return value

    return read


def real_number(low: float, high: float) -> Callable[[str], float]:
    """Reads a number from `low` to `high`, neither NaN nor infinite."""

    def read(text: str) -> float:
        try:
            value = float(text)
            check_range("it", value, low, high)
        except (ValueError, RecipeError) as error:
            words = f"expected a number from {low:,g} to {high:,g}, not {display_value(text)}"
            raise argparse.ArgumentTypeError(words) from error
        return value

    return read


def part_of_total(text: str) -> tuple[int, int]:
    """Reads K/N, the K-th of N parts."""
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        words = f"expected K/N with K from 1 to N, such as 1/4, not {display_value(text)}"
        raise argparse.ArgumentTypeError(words)
    return number, of


def file_path(text: str) -> Path:
    """Reads the name of a file or directory."""
    try:
        possible = text and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half a character
        possible = False
    if not possible:
        raise argparse.ArgumentTypeError(f"expected a path, not {display_value(text)}")
    return Path(text)
