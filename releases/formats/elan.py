"""Plain: ELAN files (.eaf, format 3.0), one a dialogue: a tier a speaker, below it one a task.

What one speaker says at once with himself goes to a second tier of his. Utterances without times
cannot stand in a file of times; `not-aligned.txt` names them.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from releases.formats import Entries, dialogues, read

XSI = "http://www.w3.org/2001/XMLSchema-instance"
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]')


def entries(root: Path) -> Entries:
    """<dialogue>.eaf for each dialogue with times; not-aligned.txt if anything is left out."""
    tasks = [task["key"] for task in read(root, "scheme.json")["tasks"]]
    date = f"{read(root, 'manifest.json')['created']}T00:00:00+00:00"
    left: list[str] = []
    for turns in dialogues(root):
        timed = [row for row in turns if _aligned(row)]
        left += [row["id"] for row in turns if not _aligned(row)]
        if timed:
            name = UNSAFE.sub("_", turns[0]["dialogue"])
            yield f"{name}.eaf", [document(timed, tasks, date)]
    if left:
        yield "not-aligned.txt", ["".join(f"{uid}\n" for uid in left).encode()]


def _aligned(row: dict[str, Any]) -> bool:
    return row["start"] is not None and row["end"] is not None and row["end"] > row["start"]


def document(turns: list[dict[str, Any]], tasks: list[str], date: str) -> bytes:
    """One dialogue as ELAN reads it; `turns` have times."""
    top = Xml.Element("ANNOTATION_DOCUMENT", AUTHOR="", DATE=date, FORMAT="3.0", VERSION="3.0")
    top.set(f"{{{XSI}}}noNamespaceSchemaLocation", "http://www.mpi.nl/tools/elan/EAFv3.0.xsd")
    header = Xml.SubElement(top, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    media = turns[0]["media"]
    if media and media.endswith(".mp4"):
        Xml.SubElement(
            header, "MEDIA_DESCRIPTOR", MEDIA_URL=media, MIME_TYPE="video/mp4",
            RELATIVE_MEDIA_URL=f"./{media}",
        )  # fmt: skip
    order = Xml.SubElement(top, "TIME_ORDER")
    slots: dict[int, str] = {}
    for time in sorted({round(row[end] * 1000) for row in turns for end in ("start", "end")}):
        slots[time] = f"ts{len(slots) + 1}"
        Xml.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slots[time], TIME_VALUE=str(time))
    numbers = iter(range(1, 1 << 30))
    taken: set[str] = set()
    for name, speaker, mine in _tiers(turns):
        _speaker_tier(top, _free(name, taken), speaker, mine, tasks, slots, numbers, taken)
    kinds = {"utterance": {"TIME_ALIGNABLE": "true"}, "label": {"TIME_ALIGNABLE": "false"}}
    kinds["label"]["CONSTRAINTS"] = "Symbolic_Association"
    for kind, more in kinds.items():
        named = {"LINGUISTIC_TYPE_ID": kind, "GRAPHIC_REFERENCES": "false"}
        Xml.SubElement(top, "LINGUISTIC_TYPE", named | more)
    Xml.SubElement(
        top, "CONSTRAINT", STEREOTYPE="Symbolic_Association",
        DESCRIPTION="1-1 association with a parent annotation",
    )  # fmt: skip
    Xml.indent(top)
    found: bytes = Xml.tostring(top, encoding="utf-8", xml_declaration=True)
    return found.replace(b"\r", b"&#13;")  # as it is, a reader would make a line feed of it


def _tiers(turns: list[dict[str, Any]]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """(tier, speaker, utterances that do not overlap)."""
    tiers: dict[str, list[list[dict[str, Any]]]] = {}
    for row in sorted(turns, key=lambda row: (row["start"], row["number"])):
        lanes = tiers.setdefault(row["speaker"] or "–", [])
        lane = next((lane for lane in lanes if lane[-1]["end"] <= row["start"] + 5e-4), None)
        if lane is None:
            lanes.append(lane := [])
        lane.append(row)
    for speaker, lanes in tiers.items():
        for number, lane in enumerate(lanes, 1):
            yield speaker if number == 1 else f"{speaker} ({number})", speaker, lane


def _speaker_tier(
    top: Xml.Element,
    name: str,
    speaker: str,
    turns: list[dict[str, Any]],
    tasks: list[str],
    slots: dict[int, str],
    numbers: Iterator[int],
    taken: set[str],
) -> None:
    tier = Xml.SubElement(
        top, "TIER", TIER_ID=name, PARTICIPANT=speaker, LINGUISTIC_TYPE_REF="utterance"
    )
    ids = {}
    for row in turns:
        ids[row["id"]] = f"a{next(numbers)}"
        place = Xml.SubElement(
            Xml.SubElement(tier, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=ids[row["id"]],
            TIME_SLOT_REF1=slots[round(row["start"] * 1000)],
            TIME_SLOT_REF2=slots[round(row["end"] * 1000)],
        )
        Xml.SubElement(place, "ANNOTATION_VALUE").text = _clean(row["text"])
    for number, task in enumerate(("id", *tasks)):
        child = Xml.SubElement(
            top, "TIER", TIER_ID=_free(f"{task}@{name}", taken), PARTICIPANT=speaker,
            PARENT_REF=name, LINGUISTIC_TYPE_REF="label",
        )  # fmt: skip
        for row in turns:
            value = row["gold"].get(task) if number else row["id"]
            if value is not None:
                place = Xml.SubElement(
                    Xml.SubElement(child, "ANNOTATION"),
                    "REF_ANNOTATION",
                    ANNOTATION_ID=f"a{next(numbers)}",
                    ANNOTATION_REF=ids[row["id"]],
                )
                Xml.SubElement(place, "ANNOTATION_VALUE").text = value


def _free(name: str, taken: set[str]) -> str:
    """The name of a tier that no other has: with a number where it is taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    taken.add(found)
    return found


def _clean(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return NO_XML.sub("", text)
