"""Whether a release directory is whole and well-formed, checked before it is used.

The error message says what is wrong: no release directory, a damaged file (with the line), a label
that the scheme does not know.
"""

import hashlib
import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from modeling.learner.error_messages import display_value
from modeling.learner.path_checks import check_release_directory
from modeling.learner.release import Release, ReleaseError, held_out_split, load_release

CHECKED_FILES = ("scheme.json", "utterances.jsonl", "judgements.jsonl", "agreement.json")
ADVICE = "Get the release again, or ask its verify.py what is wrong with it."
MAX_SECONDS = 10**8  # seconds: no clip is three years long
TEXT, NUMBER, NONE = (str,), (int, float), (type(None),)
Shape = Mapping[str, tuple[type, ...]]
MANIFEST: Shape = {"corpus": TEXT, "version": TEXT, "files": (list,)}
FILE: Shape = {"path": TEXT, "sha256": TEXT}
TASK: Shape = {"key": TEXT, "values": (list,)}
ROW: Shape = {
    "id": TEXT,
    "dialogue": TEXT,
    "split": TEXT,
    "speaker": TEXT + NONE,
    "text": TEXT,
    "start": NUMBER + NONE,
    "end": NUMBER + NONE,
    "gold": (dict,),
    "media": TEXT + NONE,
}
TYPE_NAMES = {str: "text", int: "a number", float: "a number", dict: "an object", list: "a list",
         type(None): "null"}  # fmt: skip


def open_release(root: Path, labels: bool = False) -> Release:
    """The release in a directory, whose text files are as its manifest says.

    Labels of the held-out split are checked only with `labels`, as for an evaluation. Raises
    OptionError where there is no release, ReleaseError for a damaged one.
    """
    check_release_directory(root)
    manifest = _parsed(root, "manifest.json")
    _check_shape(root, "manifest.json", manifest, MANIFEST)
    for entry in manifest["files"]:
        _check_shape(root, "manifest.json", entry, FILE)
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    for name in CHECKED_FILES:
        _check_frozen(root, name, listed.get(name))
    _check_scheme(root)
    _check_rows(root, listed, labels)
    try:
        return load_release(root)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        why = f"{type(error).__name__}: {error}"
        raise ReleaseError(f"{root} is damaged ({why}). {ADVICE}") from error


def _parsed(root: Path, name: str) -> Any:
    try:
        return json.loads((root / name).read_bytes())
    except (ValueError, RecursionError) as error:
        raise _not_a_release(root, f"{name} is no JSON") from error


def _not_a_release(root: Path, why: str) -> ReleaseError:
    return ReleaseError(f"{root} is not a release directory: {why}. {ADVICE}")


def _check_frozen(root: Path, name: str, digest: str | None) -> None:
    """Raises ReleaseError where a file is missing, or not what the manifest says it is."""
    path = root / name
    if not path.is_file():
        if digest is None and name not in ("scheme.json", "utterances.jsonl"):
            return
        raise _not_a_release(root, f"{name} is missing")
    if digest is None:
        return
    with path.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != digest:
        raise ReleaseError(f"{root} is damaged: {name} is not as it was frozen. {ADVICE}")


def _check_shape(root: Path, place: str, row: Any, shape: Shape) -> None:
    """Raises ReleaseError unless it is an object with these names and values of these types."""
    if not isinstance(row, dict):
        raise _not_a_release(
            root, f"{place} holds {display_value(row)} where an object is expected"
        )
    for name, types in shape.items():
        if name not in row:
            raise _not_a_release(root, f"{place} lacks {name!r}")
        value = row[name]
        if isinstance(value, bool) or not isinstance(value, types) or not _is_finite(value):
            wanted = " or ".join(dict.fromkeys(TYPE_NAMES[each] for each in types))
            why = f"{place} has {display_value(value)} as {name!r} where {wanted} is expected"
            raise _not_a_release(root, why)


def _check_scheme(root: Path) -> None:
    scheme = _parsed(root, "scheme.json")
    _check_shape(root, "scheme.json", scheme, {"tasks": (list,)})
    if not scheme["tasks"]:
        raise _not_a_release(root, "scheme.json has no task")
    for task in scheme["tasks"]:
        _check_shape(root, "scheme.json", task, TASK)
        for value in task["values"]:
            _check_shape(root, "scheme.json", value, {"key": TEXT})
        if len({value["key"] for value in task["values"]}) < max(2, len(task["values"])):
            why = (
                f"scheme.json gives {display_value(task['key'])} not two values or more, each once"
            )
            raise _not_a_release(root, why)
    keys = [task["key"] for task in scheme["tasks"]]
    parents = [task.get(name) for task in scheme["tasks"] for name in ("source", "target")]
    wrong = [each for each in parents if each not in [*keys, None, ""]]
    if wrong or len(set(keys)) < len(keys):
        why = f"names {display_value(wrong[0])}, which is no task" if wrong else "has a task twice"
        raise _not_a_release(root, f"scheme.json {why}")


def _check_rows(root: Path, listed: Mapping[str, str], labels: bool) -> None:
    tasks = {
        task["key"]: [value["key"] for value in task["values"]]
        for task in _parsed(root, "scheme.json")["tasks"]
    }
    seen: set[str] = set()
    splits: dict[str, str] = {}
    mislabelled: dict[str, str] = {}  # split -> its first fault
    with (root / "utterances.jsonl").open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"line {number} of utterances.jsonl"
            try:
                row = json.loads(line)
                if b"\\u" in line:  # half of a character cannot be written anywhere
                    json.dumps(row, ensure_ascii=False).encode()
            except UnicodeEncodeError as error:
                raise _not_a_release(root, f"{place} has half of a character") from error
            except (ValueError, RecursionError) as error:
                raise _not_a_release(root, f"{place} is no JSON") from error
            _check_shape(root, place, row, ROW)
            if why := _row_fault(row, listed):
                raise _not_a_release(root, f"{place} {why}")
            if row["split"] not in mislabelled and (why := _label_fault(row, tasks)):
                mislabelled[row["split"]] = f"{place} {why}"
            if row["id"] in seen:
                raise _not_a_release(
                    root, f"{place} has the id {display_value(row['id'])} a second time"
                )
            seen.add(row["id"])
            if splits.setdefault(row["dialogue"], row["split"]) != row["split"]:
                why = f"{place} has dialogue {display_value(row['dialogue'])} in a second split"
                raise _not_a_release(root, why)
    if not seen:
        raise _not_a_release(root, "utterances.jsonl is empty")
    if not labels:
        mislabelled.pop(held_out_split(splits.values()), None)
    for why in mislabelled.values():
        raise _not_a_release(root, why)


def _row_fault(row: dict[str, Any], listed: Mapping[str, str]) -> str:
    """What is wrong with a row of an utterance but its labels; empty if nothing is."""
    if row["media"] is not None and row["media"] not in listed:
        return f"names {display_value(row['media'])}, which the manifest does not list"
    for name in ("start", "end"):
        if row[name] is not None and abs(row[name]) > MAX_SECONDS:
            return f"has the time {display_value(row[name])} as {name!r}"
    return ""


def _label_fault(row: dict[str, Any], tasks: dict[str, list[str]]) -> str:
    """What is wrong with the labels of a row; empty if nothing is."""
    for task, value in row["gold"].items():
        if task in tasks and value not in tasks[task]:
            return f"has the label {display_value(value)} of {task}, which the scheme does not know"
    soft = row.get("soft", {})
    for spread in soft.values() if isinstance(soft, dict) else [None]:
        if not isinstance(spread, dict) or not all(map(_is_share, spread.values())):
            return "has a soft label that is no share of each value"
    return ""


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float) or isfinite(value)


def _is_share(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and _is_finite(value) and value >= 0
