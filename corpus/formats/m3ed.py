"""Plain: `annotation.json` of M3ED (Zhao et al. 2022): shows, their dialogues, three annotators.

The three annotators' answers are judgements of three people; `final_main_emo` is the gold label.
The task has one answer a person: of several that one gave, the first is taken, which is told.
Splits come from text files of dialogue ids beside it, called after their split. A show is a source.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import gettext_noop
from corpus.formats import FormatError, Judged, Row, Table, read_json
from corpus.formats.layout import SPLITS
from corpus.problems import Problem

EMOTIONS = {
    "happy": "joy",
    "neutral": "neutral",
    "sad": "sadness",
    "disgust": "disgust",
    "anger": "anger",
    "fear": "fear",
    "surprise": "surprise",
}
VALUES = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
RATE = 25.0  # frames a second, which the files do not say
TIME = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d)[:.](\d{1,2})")
PARTED = re.compile(r"[,;/、，；]")
ANNOTATOR = re.compile(r"EmoAnnotator(\d+)")
TRAITS = {"Age": "age", "Gender": "gender"}

Report = Callable[..., None]  # (column, value, outcome, reason, **details)


def looks_like_m3ed(whole: Any) -> bool:
    """Whether this JSON has shows with dialogues that have a Dialog and a SpeakerInfo."""
    shows = list(whole.values())[:5] if isinstance(whole, dict) else []
    dialogues = [
        dialogue for show in shows if isinstance(show, dict) for dialogue in list(show.values())[:5]
    ]
    return bool(dialogues) and all(
        isinstance(dialogue, dict) and {"Dialog", "SpeakerInfo"} <= dialogue.keys()
        for dialogue in dialogues
    )


def read(path: Path) -> Table:
    """The dialogues and judgements of one file. Raises FormatError if it is no such JSON.

    The line of a Problem is the number of the utterance in the file, from 1.
    """
    table = Table(values={"emotion": VALUES})
    try:
        whole = read_json(path, table.problems)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise _no_such_file(path, str(error)[:200]) from error
    if not looks_like_m3ed(whole):
        raise _no_such_file(path, "no shows with dialogues")
    splits = _splits(path.parent)
    number = 0
    for show, dialogues in whole.items():
        for dialogue_id, dialogue in dialogues.items() if isinstance(dialogues, dict) else ():
            number = _read_dialogue(table, number, show, dialogue_id, dialogue, splits)
    return table


def _no_such_file(path: Path, why: str) -> FormatError:
    return FormatError(
        gettext_noop(
            "%(file)s: not M3ED's annotation.json. Expected shows of dialogues, each with Dialog"
            " and SpeakerInfo (%(why)s)."
        ),
        file=path.name,
        why=why,
    )


def _splits(folder: Path) -> dict[str, str]:
    """Dialogue -> split, from text files beside such as `train.txt` or `movie_list_dev.txt`."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("*.txt")):
        split = next((ours for key, ours in SPLITS.items() if key in file.stem.lower()), "")
        if split:
            words = file.read_text("utf-8", "replace").split()
            found |= dict.fromkeys(words, split)
    return found


def _read_dialogue(
    table: Table, number: int, show: str, key: str, dialogue: Any, splits: Mapping[str, str]
) -> int:
    """Read one dialogue; how many utterances were seen by now."""
    turns = dialogue.get("Dialog") if isinstance(dialogue, dict) else None
    if not isinstance(turns, dict):
        reason = gettext_noop("the dialogue has no list of utterances; it was left out")
        table.problems.append(Problem(number + 1, "Dialog", key, "rejected", reason))
        return number
    names = _speakers(table, show, dialogue.get("SpeakerInfo"))
    split = splits.get(key, splits.get(show, ""))
    rows: list[Row] = []
    for uid, turn in turns.items():
        number += 1
        row = _read_turn(table, number, show, key, uid, turn, names, split)
        if row is not None:
            rows.append(row)
    zero = min((row.start for row in rows if row.start is not None), default=0.0)
    table.rows += [row.shifted(-zero) for row in rows]
    return number


def _speakers(table: Table, show: str, info: Any) -> dict[str, str]:
    """A, B -> the speaker's name, with the show where another show's has it; traits are kept."""
    names: dict[str, str] = {}
    for letter, about in info.items() if isinstance(info, dict) else ():
        about = about if isinstance(about, dict) else {}
        name = str(about.get("Name") or f"{show}_{letter}").strip()
        traits = {ours: str(about[key]) for key, ours in TRAITS.items() if about.get(key)}
        if table.speakers.get(name, traits) != traits:
            name = f"{name} ({show})"
        table.speakers.setdefault(name, traits)
        names[letter] = name
    return names


def _read_turn(
    table: Table,
    number: int,
    show: str,
    dialogue: str,
    uid: str,
    turn: Any,
    names: Mapping[str, str],
    split: str,
) -> Row | None:
    def report(column: str, shown: object, outcome: str, reason: str, /, **details: Any) -> None:
        value = f"{uid}: {shown}"[:2000]
        table.problems.append(Problem(number, column, value, outcome, reason, details))

    text = turn.get("Text") if isinstance(turn, dict) else None
    if not isinstance(text, str) or not text.strip():
        report("Text", text, "rejected", gettext_noop("the entry has no words"))
        return None
    letter = str(turn.get("Speaker", "")).strip()
    if letter not in names:
        unknown = gettext_noop("SpeakerInfo has no such speaker; the utterance has none")
        report("Speaker", letter, "rejected", unknown)
    start, end = (_time(turn.get(name), name, report) for name in ("StartTime", "EndTime"))
    if start is not None and end is not None and end <= start:
        early = gettext_noop("the utterance does not end after its start %(start)s")
        report("EndTime", turn.get("EndTime"), "rejected", early, start=turn.get("StartTime"))
        end = None
    emotions = turn.get("EmoAnnotation")
    if not isinstance(emotions, dict):
        report("EmoAnnotation", "", "rejected", gettext_noop("the row has no label in any column"))
        table.unlabelled += 1
        emotions = {}
    judged = []
    for column, given in emotions.items():
        if match := ANNOTATOR.fullmatch(column):
            value = _emotion(column, given, report)
            if value:
                judged.append(Judged(f"Annotator {match.group(1)}", "emotion", value))
    gold = (
        _emotion("final_main_emo", emotions["final_main_emo"], report)
        if (emotions.get("final_main_emo"))
        else ""
    )
    if not gold and emotions.get("final_mul_emo"):
        gold = _emotion("final_mul_emo", emotions["final_mul_emo"], report)
    return Row(
        number,
        dialogue,
        uid,
        names.get(letter, ""),
        text.strip(),
        start,
        end,
        {},
        split,
        judged=tuple(judged),
        rulings={"emotion": gold} if gold else {},
        source=show,
    )


def _time(raw: object, column: str, report: Report) -> float | None:
    """Seconds of `HH:MM:SS:FF`; None where it is no time, or has no such frame."""
    text = raw if isinstance(raw, str) else ""
    found = TIME.fullmatch(text.strip())
    if found is None:
        report(column, raw, "rejected", gettext_noop("expected a time such as 00:01:02:24"))
        return None
    hours, minutes, seconds, frames = map(int, found.groups())
    value = hours * 3600 + minutes * 60 + seconds + frames / RATE
    if frames >= RATE:
        late = gettext_noop("frame %(frame)d of a second with 25 frames; read as %(value)s")
        report(column, raw, "warning", late, frame=frames, value=f"{value:.2f} s")
    elif text != text.strip():
        reason = gettext_noop("read as %(value)s")
        report(column, raw, "repaired", reason, value=f"{value:.2f} s")
    return value


def _emotion(column: str, given: object, report: Report) -> str:
    """Our value of what one gave, "" for none; several are parted, and the first is taken."""
    parts = given if isinstance(given, list) else PARTED.split(str(given or ""))
    words = [str(part).strip() for part in parts]
    words = [word for word in words if word]
    values = [EMOTIONS[word.lower()] for word in words if word.lower() in EMOTIONS]
    for word in words:
        if word.lower() not in EMOTIONS:
            expected = gettext_noop("expected one of %(values)s")
            report(column, word, "rejected", expected, values=", ".join(EMOTIONS).title())
    if not words:
        report(column, given, "rejected", gettext_noop("the cell is empty"))
    if len(values) > 1:
        first = gettext_noop("several values; %(value)s, the first, was taken")
        report(column, ", ".join(words), "warning", first, value=values[0])
    return values[0] if values else ""
