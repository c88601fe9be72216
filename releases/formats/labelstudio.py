"""Plain: Label Studio's JSON, one task an utterance with everybody's annotations, and the labelling
configuration that shows them (labelstud.io/guide/export).

Annotators are numbers there; `annotators.json` says which pseudonym each is.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from releases.formats import Entries, judgements, read, rows


def entries(root: Path) -> Entries:
    """tasks.json, config.xml and annotators.json."""
    scheme = read(root, "scheme.json")["tasks"]
    known: dict[str, int] = {}
    yield "config.xml", [_config(scheme).encode()]
    yield "tasks.json", _tasks(root, known)
    yield "annotators.json", [json.dumps(known, ensure_ascii=False, indent=1).encode()]


def _config(scheme: list[dict[str, Any]]) -> str:
    lines = ["<View>", '  <Text name="text" value="$text"/>']
    for task in scheme:
        names = f"{task['names']['en']} {task['names']['zh']}"
        lines.append(f"  <Header value={quoteattr(names)}/>")
        lines.append(f'  <Choices name={quoteattr(task["key"])} toName="text" choice="single">')
        lines += [f"    <Choice value={quoteattr(value['key'])}/>" for value in task["values"]]
        lines.append("  </Choices>")
    return "\n".join([*lines, "</View>", ""])


def _tasks(root: Path, known: dict[str, int]) -> Iterator[bytes]:
    given = groupby(judgements(root), key=lambda row: row["utterance"])
    waiting = next(given, None)
    yield b"["
    for number, row in enumerate(rows(root), 1):
        mine: list[dict[str, Any]] = []
        if waiting is not None and waiting[0] == row["id"]:
            mine = list(waiting[1])
            waiting = next(given, None)
        task = {"id": number, "data": _data(row), "annotations": _annotations(mine, known)}
        yield (b",\n" if number > 1 else b"\n") + json.dumps(task, ensure_ascii=False).encode()
    yield b"\n]\n"


def _data(row: dict[str, Any]) -> dict[str, Any]:
    names = (
        "text",
        "translation",
        "dialogue",
        "speaker",
        "start",
        "end",
        "split",
        "source",
        "media",
    )
    return {"utterance_id": row["id"]} | {name: row.get(name) for name in names}


def _annotations(given: list[dict[str, Any]], known: dict[str, int]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in given:
        found.setdefault((row["annotator"], row["round"]), []).append(row)
    return [
        {
            "completed_by": known.setdefault(annotator, len(known) + 1),
            "round": round_name,  # Label Studio passes over it; our importer does not
            "was_cancelled": False,
            "lead_time": round(sum(row["seconds"] or 0 for row in answers), 3),
            "result": [
                {
                    "from_name": row["task"],
                    "to_name": "text",
                    "type": "choices",
                    "value": {"choices": [row["value"]]},
                }
                for row in answers
            ],
        }
        for (annotator, round_name), answers in found.items()
    ]
