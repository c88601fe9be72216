"""What a worker does for an import of the browser: reads the files, stores them, or undoes it."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max

from annotation.corpus_import import (
    Part,
    Target,
    read_mapped,
    read_published,
    refuse_conflicts,
    scheme_in,
    size_of,
    store_published,
)
from annotation.import_undo import undo
from annotation.models import ExpertLabel, TableImport
from core import storage
from core.errors import UserError
from corpus.archives import unpack
from corpus.formats import Row
from corpus.formats.detection import MAPPED, detect, readable
from corpus.formats.mapped_table import Mapping, survey
from corpus.problems import Problem
from people.models import Person

MOST_COLUMNS = 300  # that a person is asked about
SHOWN_PARTS = 20  # sources that a preview writes out
SHOWN_ROWS = 8  # rows of each of the first sources
SHOWN_VALUES = 60  # values of a task that a preview counts
MADE = ("sources", "rounds", "speakers", "schemes", "guidelines")  # relations of a corpus


def work(row: TableImport) -> None:
    """Do what the phase of the claimed row says."""
    if row.phase == TableImport.Phase.READ:
        read(row)
    elif row.phase == TableImport.Phase.STORE:
        store(row)
    else:
        with transaction.atomic():
            undo(row)
            row.finish()


@contextmanager
def unpacked(row: TableImport) -> Iterator[list[Path]]:
    """The files of an import as paths that are called as they were sent; archives unpacked."""
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="import-", dir=settings.WORK_DIR) as name:
        folder, found = Path(name), []
        for file in row.files:
            path = folder / file["name"]
            with storage.local(file["stored"]) as stored:
                if path.suffix.lower() == ".zip":
                    inner = folder / f"{path.stem} (unpacked)"
                    inner.mkdir()
                    named = folder / path.name
                    named.symlink_to(stored.absolute())
                    found += unpack(named, inner)
                else:
                    shutil.copyfile(stored, path)
                    found.append(path)
        yield found


def read(row: TableImport) -> None:
    """Read the files and keep what they hold as a draft for a person to confirm."""
    with unpacked(row) as paths:
        row.report_progress(0.1)
        report, parts = report_of(row, paths)
        row.report_progress(0.9)
        problems = [(part.title, problem) for part in parts for problem in part.table.problems]
        keep_problems(row, problems)
        row.keep_draft(report)


def parts_of_files(row: TableImport, paths: list[Path]) -> tuple[dict[str, Any], list[Part]]:
    """How the files were recognised, and what they hold. Raises UserError."""
    about: dict[str, Any]
    if row.format:
        about = {"format": row.format, "files": readable(row.format, paths)}
    else:
        found = detect(paths)
        about = {"format": found.format, "files": list(found.files)}
        about |= {"reason": {"template": found.reason, "values": found.details}}
    if about["format"] == MAPPED:
        return about, mapped_parts(row, about["files"])
    return about, read_published(about["format"], about["files"])


def mapped_parts(row: TableImport, paths: list[Path]) -> list[Part]:
    """What tables hold by the mapping of the import; nothing while a person has made none."""
    if "version" not in row.mapping:
        return []
    return read_mapped(paths, Mapping.from_json(row.mapping))


def report_of(row: TableImport, paths: list[Path]) -> tuple[dict, list[Part]]:
    about, parts = parts_of_files(row, paths)
    unread = [path.name for path in paths if path not in about["files"]]
    report = about | {"files": [path.name for path in about["files"]], "unread": unread[:100]}
    if parts:
        report |= summary(row, about["format"], parts)
    if about["format"] == MAPPED:
        report["columns"] = [asdict(column) for column in survey(about["files"])[:MOST_COLUMNS]]
    return report, parts


def target_of(row: TableImport) -> Target:
    name = row.round_name
    if not name and row.format_used == MAPPED:
        name = f"{PurePath(row.files[0]['name']).stem[:60]} (published)"
    return Target(row.labels, row.annotator, name)


def summary(row: TableImport, format_name: str, parts: list[Part]) -> dict:
    """What would come in, as numbers and first rows, and what stands in its way."""
    try:
        refuse_conflicts(row.corpus, format_name, parts, target_of(row))
        conflict = None
    except UserError as error:
        conflict = error.to_json()
    rows = [each for part in parts for each in part.table.rows]
    speakers = {each.speaker for each in rows if each.speaker}
    splits = Counter(
        dialogue[0].split or part.table.split
        for part in parts
        for dialogue in part.table.dialogues.values()
    )
    return {
        "conflict": conflict,
        "counts": {
            "sources": len(parts),
            "dialogues": sum(len(part.table.dialogues) for part in parts),
            "utterances": len(rows),
            "labelled": sum(part.labelled for part in parts),
            "labels": sum(part.labels for part in parts),
            "suggestions": sum(len(each.suggested) for each in rows),
            "left_out": sum(part.table.unlabelled for part in parts),
            "timed": sum(each.start is not None for each in rows),
            "speakers": len(speakers),
            "clips": sum(each.media is not None for each in rows),
        },
        "splits": dict(sorted(splits.items())),
        "tasks": _tasks(parts),
        "annotators": _annotators(rows),
        "outcomes": Counter(p.outcome for part in parts for p in part.table.problems),
        "parts": [
            _part(part, SHOWN_ROWS if place < 3 else 0)
            for place, part in enumerate(parts[:SHOWN_PARTS])
        ],
    }


def _tasks(parts: list[Part]) -> list[dict]:
    """The tasks of the labels, with how often each value is given."""
    given: dict[str, Counter[str]] = {}
    for part in parts:
        for each in part.table.rows:
            for task, value in each.labels.items():
                given.setdefault(task, Counter())[value] += 1
            for judged in each.judged:
                given.setdefault(judged.task, Counter())[judged.value] += 1
    return [
        {
            "key": task.key,
            "names": dict(task.names),
            "values": [
                {"names": dict(value.names), "count": given.get(task.key, Counter())[value.key]}
                for value in task.values[:SHOWN_VALUES]
            ],
        }
        for task in scheme_in(parts[0].table).tasks
    ]


def _annotators(rows: list[Row]) -> list[tuple[str, int]]:
    counts = Counter(judged.annotator for row in rows for judged in row.judged)
    return counts.most_common(SHOWN_VALUES)


def _part(part: Part, shown: int) -> dict:
    table = part.table
    return {
        "title": part.title,
        "dialogues": len(table.dialogues),
        "utterances": len(table.rows),
        "labelled": part.labelled,
        "left_out": table.unlabelled,
        "ignored": table.ignored[:60],
        "rows": [_shown(row) for row in table.rows[:shown]],
    }


def _shown(row: Row) -> dict:
    labels = [f"{task}: {value}" for task, value in row.labels.items()]
    labels += [f"{judged.annotator}: {judged.value}" for judged in row.judged[:12]]
    return {
        "line": row.line,
        "dialogue": row.dialogue,
        "speaker": row.speaker,
        "text": row.text[:300],
        "start": row.start,
        "end": row.end,
        "labels": labels,
    }


def keep_problems(row: TableImport, problems: list[tuple[str, Problem]]) -> None:
    """Keep what reading found beside the files, a line of JSON each: source and problem."""
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    path = settings.WORK_DIR / f"import-{row.pk}-{row.attempt}.jsonl"
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for title, problem in problems:
            file.write(json.dumps([title, asdict(problem)], ensure_ascii=False) + "\n")
    storage.put(path, row.problems_name)


def kept_problems(row: TableImport) -> Iterator[tuple[str, Problem]]:
    """What `keep_problems` kept: (source, problem)."""
    if not default_storage.exists(row.problems_name):
        return
    with default_storage.open(row.problems_name, "rb") as file:
        for line in file:
            title, problem = json.loads(line)
            yield title, Problem(**problem)


def store(row: TableImport) -> None:
    """Store what a person confirmed, in one transaction, and remember what was made."""
    with unpacked(row) as paths:
        about, parts = parts_of_files(row, paths)
        row.report_progress(0.1)
        whole = size_of(parts) or 1
        done = 0

        def advance(rows: int) -> None:
            nonlocal done
            done += rows
            row.say_progress(0.1 + 0.9 * done / whole)

        with transaction.atomic():
            before = _ids(row.corpus)
            target, name = target_of(row), about["format"]
            store_published(row.corpus, name, parts, row.person, target, advance)
            after = _ids(row.corpus)
            created: dict = {kind: sorted(after[kind] - before[kind]) for kind in after}
            labels = ExpertLabel.objects.filter(
                utterance__dialogue__source__in=created["sources"]
            ).aggregate(last=Max("pk"))
            created["last_expert_label"] = labels["last"] or 0
            created["since"] = str(row.started_at)
            TableImport.objects.filter(pk=row.pk).update(created=created)
            row.finish()


def _ids(corpus) -> dict[str, set[int]]:
    """The ids of everything of the kinds that an import makes."""
    found = {kind: set(getattr(corpus, kind).values_list("pk", flat=True)) for kind in MADE}
    accounts = Person.objects.filter(is_active=False)
    imported = accounts.filter(username__startswith=f"imported-{corpus.pk}-")
    released = accounts.filter(username__startswith=f"released-{corpus.pk}-")
    found["people"] = set((imported | released).values_list("pk", flat=True))
    return found
