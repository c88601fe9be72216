"""Plain: what differs between two versions of a guideline, section by section."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from annotation.templatetags.scheme import parted

Mark = Literal["+", "-", " "]


@dataclass(frozen=True)
class SectionChange:
    """A section that was added, removed or changed, and its lines, each marked “+”, “-” or “ ”."""

    what: Literal["added", "removed", "changed"]
    title: str
    lines: list[tuple[Mark, str]]


def section_changes(before: str, after: str) -> list[SectionChange]:
    """The sections that differ, in the order of the later text, those that are gone last."""
    old, new = _sections(before), _sections(after)
    found = []
    for title, lines in new.items():
        if title not in old:
            found.append(SectionChange("added", title, [("+", line) for line in lines]))
        elif old[title] != lines:
            found.append(SectionChange("changed", title, _marked(old[title], lines)))
    gone = [title for title in old if title not in new]
    return found + [
        SectionChange("removed", title, [("-", line) for line in old[title]]) for title in gone
    ]


def _sections(text: str) -> dict[str, list[str]]:
    """Title -> its lines; a title that stands twice is counted through."""
    found: dict[str, list[str]] = {}
    for part in parted(text):
        lines = [line.rstrip() for line in part.strip().splitlines()]
        if not lines:
            continue
        title = lines[0].lstrip("# ").strip() if lines[0].startswith("#") else ""
        number = sum(each.split(" (")[0] == title for each in found)
        found[f"{title} ({number + 1})" if title in found else title] = lines
    return found


def _marked(old: list[str], new: list[str]) -> list[tuple[Mark, str]]:
    lines: list[tuple[Mark, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [(" ", line) for line in old[a:b]]
        else:
            lines += [("-", line) for line in old[a:b] if line]
            lines += [("+", line) for line in new[c:d] if line]
    return lines
