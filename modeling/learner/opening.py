"""Whether a release can be read and learned from, asked before a run begins.

What is wrong is said in a sentence: a directory that is no release or a damaged one, a label that
the scheme does not know, a recipe that asks for what the release does not have.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from modeling.learner.options import release_directory
from modeling.learner.recipes import Recipe, RecipeError, nearest, shown
from modeling.learner.release import Dialogue, Release, ReleaseError, Splits, Task, Utterance, load

READ = ("scheme.json", "utterances.jsonl", "judgements.jsonl", "agreement.json")
AGAIN = "Get the release again, or ask its verify.py what is wrong with it."


def opened(root: Path) -> Release:
    """The release in a directory, with the words that its manifest names as they were frozen.

    Raises OptionError where there is no release, ReleaseError for a damaged one.
    """
    release_directory(root)
    for name in READ:
        _as_frozen(root, name)
    try:
        release = load(root)
    except ReleaseError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        why = f"lacks {error}" if isinstance(error, KeyError) else f"{error}"
        raise ReleaseError(f"{root} is damaged: a file of it {why}. {AGAIN}") from error
    _check_tasks(root, release.tasks)
    tasks = {task.key: set(task.classes) for task in release.tasks}
    seen: Counter[str] = Counter()
    for dialogue in release.dialogues:
        for utterance in dialogue.utterances:
            seen[utterance.id] += 1
            if why := _fault(utterance, tasks):
                raise ReleaseError(f"{root}: utterance {shown(utterance.id)} {why}. {AGAIN}")
    twice = next((name for name, times in seen.items() if times > 1), None)
    if twice is not None:
        raise ReleaseError(f"{root}: two utterances have the id {shown(twice)}. {AGAIN}")
    return release


def _as_frozen(root: Path, name: str) -> None:
    """Raises ReleaseError where a file is not what the manifest says it is."""
    try:
        manifest = json.loads((root / "manifest.json").read_text("utf-8"))
        listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        words = f"{root} is not a release directory: its manifest.json is none ({_kind(error)})."
        raise ReleaseError(f"{words} {AGAIN}") from error
    if name not in listed:
        return
    path = root / name
    if not path.is_file():
        raise ReleaseError(f"{root} is not a release directory: {name} is missing. {AGAIN}")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != listed[name]:
        raise ReleaseError(f"{root} is damaged: {name} is not as it was frozen. {AGAIN}")


def _kind(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else f"{error}"


def _check_tasks(root: Path, tasks: Sequence[Task]) -> None:
    known = {task.key for task in tasks}
    if not tasks or len(known) < len(tasks):
        raise ReleaseError(f"{root}: its scheme has no task, or one twice. {AGAIN}")
    for task in tasks:
        if len(set(task.classes)) < max(2, len(task.classes)):
            words = f"{root}: the task {shown(task.key)} needs two values or more, each once."
            raise ReleaseError(f"{words} {AGAIN}")
        if task.is_correlation and not {task.source, task.target} <= known:
            words = f"{root}: the correlation {shown(task.key)} names a task that is not there."
            raise ReleaseError(f"{words} {AGAIN}")


def _fault(utterance: Utterance, tasks: dict[str, set[str]]) -> str:
    """What is wrong with an utterance; empty if nothing is."""
    if not isinstance(utterance.id, str) or not isinstance(utterance.text, str):
        return "has no text"
    for moment in (utterance.start, utterance.end):
        if moment is not None and not _is_number(moment):
            return f"has the time {shown(moment)}, which is no number"
    if not isinstance(utterance.gold, dict) or not isinstance(utterance.soft, dict):
        return "has labels that are no object"
    for task, value in utterance.gold.items():
        if task in tasks and value not in tasks[task]:
            return f"has the label {shown(value)} of {task}, which the scheme does not know"
    for task, spread in utterance.soft.items():
        if not isinstance(spread, dict) or not all(map(_is_number, spread.values())):
            return f"has a soft label of {task} that is no share of each value"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def check_learnable(recipe: Recipe, splits: Splits, tasks: Sequence[Task]) -> None:
    """Raises RecipeError or ReleaseError where a recipe cannot be learned from these dialogues:
    nothing to choose the epoch by, no labels, a task or a modality that is not there.
    """
    if not splits.selection:
        raise ReleaseError(
            f"The release has {len(splits.train)} dialogue in its train split and none in valid:"
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
