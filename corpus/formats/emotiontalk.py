"""Plain: the CSV files of EmotionTalk (Sun et al. 2025), one a modality: text, audio, video, mm.

A row names a file, whose name holds dialogue, speaker and utterance (`G00003_02_01_005`: group and
dialogue, speaker, utterance), and a label. What people answer by one modality alone is another
question: `emotion_text`, `emotion_audio`, `emotion_video` and `emotion` (of all together) are four
tasks. Which file is of which modality its name says; the files of one set are read together, as
rows of one table. Splits come from files of names beside it, called after their split.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from core.errors import gettext_noop
from corpus import tabular
from corpus.formats import FormatError, Row, Table
from corpus.formats.layout import SPLITS
from corpus.problems import Problem
from corpus.spreadsheets import PUBLISHED

MODALITIES = {  # word in the file's name -> task
    "text": "emotion_text",
    "audio": "emotion_audio",
    "video": "emotion_video",
    "mm": "emotion",
    "multimodal": "emotion",
}
PATHS = ("file_path", "filepath", "path", "file", "filename", "file_name", "name", "wav", "id")
LABELS = ("emotion", "emotion_result", "label", "labels")
TEXTS = ("content", "text", "transcript", "sentence")
VALUES = {
    "happy": "joy",
    "happiness": "joy",
    "joy": "joy",
    "sad": "sadness",
    "sadness": "sadness",
    "angry": "anger",
    "anger": "anger",
    "fear": "fear",
    "fearful": "fear",
    "surprise": "surprise",
    "surprised": "surprise",
    "disgust": "disgust",
    "disgusted": "disgust",
    "neutral": "neutral",
}
KNOWN = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
STEM = re.compile(r"(?P<dialogue>\w+)_(?P<speaker>\w+?)_(?P<utterance>\d+)")


def task_of(path: Path) -> str:
    """The task of a file, by the modality in its name; "" where it names none."""
    words = re.split(r"[^a-z]+", path.stem.lower())
    return next((task for word, task in MODALITIES.items() if word in words), "")


def fits(path: Path, columns: Sequence[str]) -> bool:
    """Whether a file with these columns is one of EmotionTalk's."""
    names = {name.lower() for name in columns}
    has = all(names & set(wanted) for wanted in (PATHS, LABELS))
    return bool(task_of(path)) and has and not names & {"dialogue", "dialogue_id"}


def read(path: Path) -> Table:
    """The labels of one file. Raises FormatError if it is no such table."""
    task = task_of(path)
    try:
        found = tabular.read(path.name, path.read_bytes(), limits=PUBLISHED)
    except tabular.TableError as error:
        raise FormatError(
            gettext_noop(
                "%(file)s: %(why)s Expected a table of %(format)s with the columns %(columns)s."
            ),
            file=path.name,
            why=str(error),
            format="EmotionTalk",
            columns="file_path, emotion",
        ) from error
    names = {name.lower(): name for name in reversed(found.columns)}
    file, label = (next((names[n] for n in known if n in names), "") for known in (PATHS, LABELS))
    text = next((names[n] for n in TEXTS if n in names and names[n] != label), "")
    if not task or not file or not label:
        raise FormatError(
            gettext_noop(
                "%(file)s: not a table of EmotionTalk. Expected a name with text, audio, video or"
                " mm, and columns of the file's path and of the emotion."
            ),
            file=path.name,
        )
    try:
        found.require_rows()
    except tabular.TableError as error:
        raise FormatError("%(file)s: %(why)s", file=path.name, why=str(error)) from error
    splits = _splits(path.parent, path)
    used = {file, label, text}
    table = Table(
        problems=list(found.problems),
        values={task: KNOWN},
        ignored=[name for name in found.columns if name not in used],
    )
    for row in found.rows:
        _read_row(table, task, row, (file, label, text), splits)
    return table


def _splits(folder: Path, table: Path) -> dict[str, str]:
    """Name of a dialogue or an utterance -> split, from the files beside the table."""
    found: dict[str, str] = {}
    for file in sorted([*folder.glob("*.txt"), *folder.glob("*.csv"), *folder.glob("*.list")]):
        split = next((ours for key, ours in SPLITS.items() if key in file.stem.lower()), "")
        if split and file != table and not task_of(file):
            words = re.split(r"[\s,;]+", file.read_text("utf-8", "replace"))
            found |= {PurePath(word).stem: split for word in words if word}
    return found


def _read_row(
    table: Table,
    task: str,
    row: tabular.Row,
    columns: tuple[str, str, str],
    splits: Mapping[str, str],
) -> None:
    def report(column: str, reason: str, **details: str) -> None:
        value = row.cells.get(column, "")
        table.problems.append(Problem(row.line, column, value, "rejected", reason, details))

    file, label, text = columns
    stem = PurePath(row.cells[file].strip().replace("\\", "/")).stem
    found = STEM.fullmatch(stem)
    if found is None:
        report(file, gettext_noop("expected a name such as G00003_02_01_005"))
        return
    raw = row.cells[label].strip()
    value = VALUES.get(raw.lower(), "")
    if not value:
        table.unlabelled += 1
        if raw:
            expected = gettext_noop("expected one of %(values)s")
            report(label, expected, values=", ".join(dict.fromkeys(VALUES.values())))
        else:
            report(label, gettext_noop("the cell is empty"))
    dialogue = found["dialogue"]
    split = (
        splits.get(stem)
        or splits.get(dialogue)
        or next((split for name, split in splits.items() if stem.startswith(f"{name}_")), "")
    )
    words = row.cells[text].strip() if text else ""
    speaker = f"{dialogue.partition('_')[0]}_{found['speaker']}"
    labels = {task: value} if value else {}
    table.rows.append(Row(row.line, dialogue, stem, speaker, words, None, None, labels, split))


def joined(tables: Mapping[Path, Table]) -> Table:
    """The tables of the modalities as one: each utterance has the labels of all.

    Where two give other words for an utterance, those of the first are kept, which is told.
    """
    whole = Table()
    rows: dict[str, Row] = {}
    for path, table in tables.items():
        whole.problems += [
            replace(problem, column=f"{path.name}: {problem.column}") for problem in table.problems
        ]
        whole.values |= table.values
        whole.unlabelled += table.unlabelled
        whole.ignored += [name for name in table.ignored if name not in whole.ignored]
        for row in table.rows:
            known = rows.get(row.uid)
            if known is None:
                rows[row.uid] = row
                continue
            if known.text and row.text and known.text != row.text:
                other = gettext_noop("other words than in the first file, whose words were kept")
                place = f"{path.name}: text"
                whole.problems.append(Problem(row.line, place, row.text, "warning", other))
            rows[row.uid] = replace(
                known,
                text=known.text or row.text,
                labels=known.labels | row.labels,
                split=known.split or row.split,
            )
    grouped: dict[str, list[Row]] = {}
    for row in rows.values():
        grouped.setdefault(row.dialogue, []).append(row)
    whole.rows = [row for group in grouped.values() for row in sorted(group, key=_order)]
    return whole


def _order(row: Row) -> tuple[int, str]:
    return int(row.uid.rpartition("_")[2]), row.uid
