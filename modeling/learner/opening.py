"""Whether a release can be read and learned from, asked before a run begins.

What is wrong is said in a sentence: a directory that is no release or a damaged one, a label that
the scheme does not know, a recipe that asks for what the release does not have.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from modeling.learner.options import release_directory
from modeling.learner.recipes import Recipe, RecipeError, nearest, read_json, shown
from modeling.learner.release import Dialogue, Release, ReleaseError, Splits, Task, load

READ = ("scheme.json", "utterances.jsonl", "judgements.jsonl", "agreement.json")
AGAIN = "Get the release again, or ask its verify.py what is wrong with it."
LATEST = 10**8  # seconds: no clip is three years long
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
NAMES = {str: "text", int: "a number", float: "a number", dict: "an object", list: "a list",
         type(None): "null"}  # fmt: skip


def opened(root: Path, labels: bool = False) -> Release:
    """The release in a directory, with the words that its manifest names as they were frozen.

    Labels of the split that is held out are looked at for damage only where `labels` says so, as
    for an evaluation. Raises OptionError where there is no release, ReleaseError for a damaged one.
    """
    release_directory(root)
    manifest = _parsed(root, "manifest.json")
    _check_shape(root, "manifest.json", manifest, MANIFEST)
    for entry in manifest["files"]:
        _check_shape(root, "manifest.json", entry, FILE)
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    for name in READ:
        _check_frozen(root, name, listed.get(name))
    _check_scheme(root)
    _check_rows(root, listed, labels)
    try:
        return load(root)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        why = f"{type(error).__name__}: {error}"
        raise ReleaseError(f"{root} is damaged ({why}). {AGAIN}") from error


def _parsed(root: Path, name: str) -> Any:
    try:
        return json.loads((root / name).read_bytes())
    except (ValueError, RecursionError) as error:
        raise _not_a_release(root, f"{name} is no JSON") from error


def _not_a_release(root: Path, why: str) -> ReleaseError:
    return ReleaseError(f"{root} is not a release directory: {why}. {AGAIN}")


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
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != digest:
        raise ReleaseError(f"{root} is damaged: {name} is not as it was frozen. {AGAIN}")


def _check_shape(root: Path, place: str, found: Any, shape: Shape) -> None:
    """Raises ReleaseError unless it is an object with these names and values of these types."""
    if not isinstance(found, dict):
        raise _not_a_release(root, f"{place} holds {shown(found)} where an object is expected")
    for name, types in shape.items():
        if name not in found:
            raise _not_a_release(root, f"{place} lacks {name!r}")
        value = found[name]
        if isinstance(value, bool) or not isinstance(value, types) or not _is_finite(value):
            wanted = " or ".join(dict.fromkeys(NAMES[each] for each in types))
            why = f"{place} has {shown(value)} as {name!r} where {wanted} is expected"
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
            why = f"scheme.json gives {shown(task['key'])} not two values or more, each once"
            raise _not_a_release(root, why)
    keys = [task["key"] for task in scheme["tasks"]]
    parents = [task.get(name) for task in scheme["tasks"] for name in ("source", "target")]
    wrong = [each for each in parents if each not in [*keys, None, ""]]
    if wrong or len(set(keys)) < len(keys):
        why = f"names {shown(wrong[0])}, which is no task" if wrong else "has a task twice"
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
            if why := _fault(row, listed):
                raise _not_a_release(root, f"{place} {why}")
            if row["split"] not in mislabelled and (why := _label_fault(row, tasks)):
                mislabelled[row["split"]] = f"{place} {why}"
            if row["id"] in seen:
                raise _not_a_release(root, f"{place} has the id {shown(row['id'])} a second time")
            seen.add(row["id"])
            if splits.setdefault(row["dialogue"], row["split"]) != row["split"]:
                why = f"{place} has dialogue {shown(row['dialogue'])} in a second split"
                raise _not_a_release(root, why)
    if not seen:
        raise _not_a_release(root, "utterances.jsonl is empty")
    if not labels:
        mislabelled.pop("test" if "test" in splits.values() else "valid", None)
    for why in mislabelled.values():
        raise _not_a_release(root, why)


def _fault(row: dict[str, Any], listed: Mapping[str, str]) -> str:
    """What is wrong with a row of an utterance but its labels; empty if nothing is."""
    if row["media"] is not None and row["media"] not in listed:
        return f"names {shown(row['media'])}, which the manifest does not list"
    for name in ("start", "end"):
        if row[name] is not None and abs(row[name]) > LATEST:
            return f"has the time {shown(row[name])} as {name!r}"
    return ""


def _label_fault(row: dict[str, Any], tasks: dict[str, list[str]]) -> str:
    """What is wrong with the labels of a row; empty if nothing is."""
    for task, value in row["gold"].items():
        if task in tasks and value not in tasks[task]:
            return f"has the label {shown(value)} of {task}, which the scheme does not know"
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


def check_learnable(recipe: Recipe, splits: Splits, tasks: Sequence[Task]) -> None:
    """Raises RecipeError or ReleaseError where a recipe cannot be learned from these dialogues:
    nothing to choose the epoch by, no labels, a task or a modality that is not there.
    """
    if not splits.selection:
        raise ReleaseError(
            "The release has one dialogue in its train split and not both a valid and a test split:"
            " nothing is left to choose the epoch by. Freeze one with more dialogues."
        )
    learned = [task for task in tasks if _is_predicted(recipe, task, tasks)]
    trained = {t.key for t in learned if _labelled(t, splits.train, recipe.soft_labels)}
    if not trained:
        raise ReleaseError(
            "The release has no label in its train split: there is nothing to learn from."
            " Freeze one with rounds that people have answered."
        )
    chosen_by = {task.key for task in learned if _labelled(task, splits.selection, soft=False)}
    if not chosen_by:
        raise ReleaseError(
            f"The release has no label on {splits.selection_name}: nothing could choose the epoch."
            " Freeze one whose valid split has labels."
        )
    _check_stop(recipe, tasks, chosen_by, splits.selection_name)
    _check_modalities(recipe, splits.train)
    check_encoders(recipe, [*splits.train, *splits.selection, *splits.sealed])


def check_encoders(recipe: Recipe, dialogues: Sequence[Dialogue]) -> None:
    """Raises RecipeError for an encoder that has nothing to read in these dialogues, or a directory
    that holds no encoder.
    """
    _check_read(recipe, dialogues)
    for name in recipe.modalities:
        field = f"{name}_encoder"
        if not getattr(recipe, field):
            continue
        directory = Path(getattr(recipe, field))
        files = ("config.json", "model.safetensors")
        missing = [file for file in files if not (directory / file).is_file()]
        if missing:
            raise RecipeError(
                f"{field}: {directory} holds no encoder: {' and '.join(missing)} missing. Give a"
                " directory that `save_pretrained` of transformers wrote.",
                field,
            )
        if not isinstance(read_json(directory / files[0]), dict):
            words = f"{field}: {directory / files[0]} describes no encoder: it holds no object."
            raise RecipeError(words, field)


def _check_read(recipe: Recipe, dialogues: Sequence[Dialogue]) -> None:
    """Raises RecipeError for an encoder that has nothing to read: of a modality that the recipe
    leaves out, or of films where there are none.
    """
    chosen = {name: getattr(recipe, f"{name}_encoder") for name in ("text", "audio", "vision")}
    for name, encoder in chosen.items():
        if encoder and name not in recipe.modalities:
            raise RecipeError(
                f"The recipe names {encoder} as {name}_encoder and does not read {name}: its"
                f" modalities are {', '.join(recipe.modalities)}. Leave one of the two out."
            )
        if not encoder or name == "text":
            continue
        if any(dialogue.features for dialogue in dialogues):
            raise RecipeError(
                f"The release holds measured features and no films: {encoder} cannot be its"
                f" {name}_encoder. Leave the encoder out, or take a release with clips."
            )
        if not any(dialogue.has_media for dialogue in dialogues):
            raise RecipeError(
                f"The release holds no films: {encoder} cannot be its {name}_encoder. Leave the"
                " encoder out, or take a release with clips."
            )


def _is_predicted(recipe: Recipe, task: Task, tasks: Sequence[Task]) -> bool:
    """Whether the network of a recipe says anything of a task."""
    steers = recipe.network == "own" and recipe.sharing == "relgate" and recipe.relations == "off"
    known = {each.key for each in tasks if not each.is_correlation}
    return not (steers and task.is_correlation and {task.source, task.target} <= known)


def _labelled(task: Task, dialogues: Sequence[Dialogue], soft: bool) -> bool:
    return any(
        task.key in u.gold or (soft and any(u.soft.get(task.key, {}).values()))
        for dialogue in dialogues
        for u in dialogue.utterances
    )


def _check_stop(recipe: Recipe, tasks: Sequence[Task], chosen_by: set[str], name: str) -> None:
    if recipe.stops_on == "mean" or recipe.stops_on in chosen_by:
        return
    known = [task.key for task in tasks]
    names = [key for key in known if key in chosen_by]
    if recipe.stops_on in known:
        words = f"stops_on {shown(recipe.stops_on)} has no label on {name};"
        raise RecipeError(f"{words} say 'mean' or one of {', '.join(names)}.", "stops_on")
    words = f"stops_on {shown(recipe.stops_on)} is no task of the release;"
    raise RecipeError(f"{words} {nearest(recipe.stops_on, ['mean', *names])}", "stops_on")


def _check_modalities(recipe: Recipe, train: Sequence[Dialogue]) -> None:
    """Raises RecipeError where no utterance has anything that the recipe reads."""
    texts = any(u.text for dialogue in train for u in dialogue.utterances)
    media = any(dialogue.has_media for dialogue in train)
    if ("text" in recipe.modalities and texts) or (recipe.modalities != ("text",) and media):
        return
    there = [name for name, has in (("text", texts), ("audio and vision", media)) if has]
    raise RecipeError(
        f"No utterance of the train split has {' or '.join(recipe.modalities)}; the release has"
        f" {' and '.join(there) or 'none of text, audio, vision'}.",
        "modalities",
    )
