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

from corpus.formats.labelstudio_tasks import annotation, task, written
from releases.formats import Entries, judgements, read, rows


def entries(root: Path) -> Entries:
    """tasks.json, config.xml and annotators.json."""
    scheme = read(root, "scheme.json")["tasks"]
    known: dict[str, int] = {}
    yield "config.xml", [_config(scheme).encode()]
    yield "tasks.json", written(tasks(root, known))
    yield "annotators.json", [json.dumps(known, ensure_ascii=False, indent=1).encode()]


def _config(scheme: list[dict[str, Any]]) -> str:
    lines = ["<View>", '  <Text name="text" value="$text"/>']
    for each in scheme:
        names = f"{each['names']['en']} {each['names']['zh']}"
        lines.append(f"  <Header value={quoteattr(names)}/>")
        lines.append(f'  <Choices name={quoteattr(each["key"])} toName="text" choice="single">')
        lines += [f"    <Choice value={quoteattr(value['key'])}/>" for value in each["values"]]
        lines.append("  </Choices>")
    return "\n".join([*lines, "</View>", ""])


def tasks(root: Path, known: dict[str, int]) -> Iterator[dict[str, Any]]:
    """A task for each utterance of a release; pseudonyms get numbers in `known`."""
    given = groupby(judgements(root), key=lambda row: row["utterance"])
    waiting = next(given, None)
    for number, row in enumerate(rows(root), 1):
        mine: list[dict[str, Any]] = []
        if waiting is not None and waiting[0] == row["id"]:
            mine = list(waiting[1])
            waiting = next(given, None)
        yield task(number, row, _annotations(mine, known))


def _annotations(given: list[dict[str, Any]], known: dict[str, int]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in given:
        found.setdefault((row["annotator"], row["round"]), []).append(row)
    return [
        annotation(
            known.setdefault(name, len(known) + 1),
            name,
            round_name,
            ((row["task"], row["value"]) for row in answers),
            sum(row["seconds"] or 0 for row in answers),
        )
        for (name, round_name), answers in found.items()
    ]
