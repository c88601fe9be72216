"""Plain: our own release directories, by their `manifest.json`: rows, splits, every judgement.

What a release does not hold (who the annotators are, the episodes) cannot come back.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

from core.errors import gettext_noop
from core.input_checks import read_json
from corpus.formats import FormatError, Judged, Row, Table

LAYOUTS = (1, 2, 3)
MAYBE = (str, NoneType)
UTTERANCE: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("dialogue", "id", "text", "split"), (str,)),
    **dict.fromkeys(("speaker", "translation", "source", "media"), MAYBE),
    **dict.fromkeys(("start", "end"), (int, float, NoneType)),
    **dict.fromkeys(("gold", "provenance"), (dict,)),
    "machine": (bool, NoneType),
    "traits": (dict, NoneType),
}
JUDGEMENT: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("annotator", "task", "value", "round", "utterance"), (str,)),
    "confidence": (int, NoneType),
    "seconds": (int, float, NoneType),
}
CONFIDENCE = (None, 1, 2, 3)
LONGEST = 10_000_000  # seconds of a source
CLIP = re.compile(r"media/\d+\.mp4")  # of a dialogue; those of utterances do not come back


def read(path: Path) -> Table:
    """The content of the release that `manifest.json` describes.

    Raises FormatError if it is none, has another layout, or a file is not as it was published.
    """
    root = path.parent
    try:
        manifest = read_json(path.read_bytes())
        if manifest["layout"] not in LAYOUTS:
            raise FormatError(
                gettext_noop("%(file)s: a release of layout %(layout)s; we read layout %(ours)d."),
                file=path.name,
                layout=str(manifest["layout"]),
                ours=LAYOUTS[-1],
            )
        for entry in manifest["files"]:
            _check(root, entry)
        listed = {entry["path"] for entry in manifest["files"]}
        rows = list(_rows(root / "utterances.jsonl", UTTERANCE))
        judged = _judgements(root / "judgements.jsonl")
        whole = read_json((root / "scheme.json").read_bytes())
        scheme = whole["tasks"]
        values = {t["key"]: tuple(value["key"] for value in t["values"]) for t in scheme}
        table = Table(
            values=values,
            scheme=scheme,
            rules=whole.get("rules", []),
            rounds=_rounds(root),
            pseudonyms=manifest.get("speakers_by") == "pseudonyms",
        )
        for number, row in enumerate(rows, 1):
            if row["media"] not in (None, *listed):
                raise ValueError(f"{row['media']} is not in the manifest")
            table.rows.append(_row(number, row, judged, root))
            if row["speaker"] and row.get("traits"):
                table.speakers.setdefault(row["speaker"], row["traits"])
    except FormatError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            gettext_noop(
                "%(file)s: not the manifest of a whole release. Expected manifest.json with the"
                " release's files beside it (%(why)s)."
            ),
            file=path.name,
            why=str(error)[:300] if isinstance(error, ValueError) else repr(error)[:200],
        ) from error
    return table


def _rows(path: Path, kinds: dict[str, tuple[type, ...]]) -> Iterator[dict[str, Any]]:
    """The rows of a file. Raises ValueError that names the file and the line of a fault."""
    for number, line in enumerate(_lines(path), 1):
        try:
            row = _typed(read_json(line), kinds)
            if row.get("confidence") not in CONFIDENCE or (
                "seconds" in kinds and (row.get("seconds") or 0) < 0
            ):
                raise TypeError("confidence is 1, 2 or 3, and seconds are not below 0")
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
        yield row


def _typed(row: Any, kinds: dict[str, tuple[type, ...]]) -> dict[str, Any]:
    """The row, if its fields are of the kinds that a release writes. Raises TypeError."""
    if not isinstance(row, dict):
        raise TypeError(f"{row!r:.80} is no object")
    for name, kind in kinds.items():
        value: Any = row.get(name)
        if type(value) not in kind or (type(value) in (int, float) and abs(value) > LONGEST):
            raise TypeError(f"{name}: {value!r:.80}")
        texts = value.values() if name in ("gold", "provenance") else ()
        if not all(isinstance(text, str) for text in texts):
            raise TypeError(f"{name}: {value!r:.80}")
    return row


def _check(root: Path, entry: dict[str, Any]) -> None:
    file = root / str(entry["path"])
    if not file.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{entry['path']} lies outside the release")
    with file.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != entry["sha256"]:
            raise FormatError(
                gettext_noop("%(file)s is not as it was published: its SHA-256 differs."),
                file=str(entry["path"]),
            )


def _lines(path: Path) -> list[str]:
    """The lines of a file; `splitlines` would part them at U+2028 as well."""
    return [line for line in path.read_text("utf-8").split("\n") if line]


def _judgements(path: Path) -> dict[str, tuple[Judged, ...]]:
    found: dict[str, list[Judged]] = defaultdict(list)
    for row in _rows(path, JUDGEMENT):
        judged = Judged(
            row["annotator"],
            row["task"],
            row["value"],
            row["round"],
            row.get("confidence"),
            row.get("seconds") or 0.0,
        )
        found[row["utterance"]].append(judged)
    return {uid: tuple(judged) for uid, judged in found.items()}


def _rounds(root: Path) -> dict[str, dict[str, Any]]:
    """Name -> how the round was judged, with the words of its guideline."""
    path = root / "rounds.json"
    if not path.exists():
        return {}
    found = {}
    for row in read_json(path.read_bytes()):
        name = row["guideline"]
        if name and not name.replace("-", "").replace(".", "").isalnum():
            raise ValueError(f"{name} is no name of a guideline")
        found[row["name"]] = row | {
            "guideline": (root / name).read_bytes().decode() if name else ""
        }
    return found


def _row(
    number: int, row: dict[str, Any], judged: dict[str, tuple[Judged, ...]], root: Path
) -> Row:
    rulings = {
        task: row["gold"].get(task, "")
        for task, provenance in row["provenance"].items()
        if provenance in ("adjudicated", "ambiguous")
    }
    clip = row["media"] if row["media"] and CLIP.fullmatch(row["media"]) else None
    return Row(
        number,
        row["dialogue"],
        row["id"],
        row["speaker"] or "",
        row["text"],
        row["start"],
        row["end"],
        {},
        row["split"],
        translation=row["translation"] or "",
        machine=row.get("machine", False),
        judged=judged.get(row["id"], ()),
        rulings=rulings,
        media=root / clip if clip else None,
        source=row.get("source", ""),
    )
