"""Writes a release directory: manifest, tables, splits, card, agreement, checksums.

The same rows give the same bytes: nothing in the directory depends on when or where it is made.
"""

import csv
import json
import shutil
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.measuring import measure
from annotation.models import Assignment, Judgement
from annotation.models.gold import Gold, gold_of
from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models import Dialogue, Utterance
from releases import card, verify
from releases.splits import SPLITS, split

LAYOUT = 1
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Content:
    """The rows of a release, in their order."""

    dialogues: list[Dialogue]
    utterances: list[Utterance]
    gold: dict[tuple[int, str], Gold]
    names: dict[int, str]  # person id -> pseudonym
    split_of: dict[str, str]  # dialogue uid -> split
    media: dict[int, str]  # dialogue id -> where its clip lies in the release


def write(release, root: Path, beat: Callable[[float], None]) -> dict[str, Any]:
    """Write the whole directory `root` (which must not exist) and return its manifest.

    Raises Refused if there is nothing to release.
    """
    rounds = list(release.rounds.select_related("scheme_version").order_by("pk"))
    content = gather(rounds, release.seed)
    root.mkdir(parents=True)
    scheme = rounds[0].scheme
    _json(root / "scheme.json", {"tasks": scheme.to_json(), "rules": scheme.rules_to_json()})
    _json(root / "splits.json", {"seed": release.seed, "dialogues": content.split_of})
    beat(0.1)
    _write_utterances(root, content, scheme.keys)
    _write_judgements(root, content, rounds)
    beat(0.3)
    measures = [m.to_json() for m in measure(rounds, scheme)]
    _json(root / "agreement.json", {"coefficient": "krippendorff_alpha", "tasks": measures})
    beat(0.5)
    _copy_media(root, content, lambda share: beat(0.5 + 0.3 * share))
    shutil.copyfile(verify.__file__, root / "verify.py")
    counts = Counter(content.split_of[u.dialogue.uid] for u in content.utterances)
    manifest = {
        "layout": LAYOUT,
        "corpus": release.corpus.name,
        "version": release.version,
        "licence": release.licence,
        "synthetic": release.corpus.synthetic,
        "rounds": [round.name for round in rounds],
        "utterances": {name: counts[name] for name in SPLITS if counts[name]},
        "dialogues": len(content.dialogues),
        "annotators": len(content.names),
    }
    (root / "README.md").write_text(card.render(manifest, scheme, measures), encoding="utf-8")
    manifest["files"] = _files(root)
    _json(root / "manifest.json", manifest)
    beat(0.9)
    return manifest


def gather(rounds, seed: int) -> Content:
    """Everything that was handed in in `rounds`. Raises Refused if that is nothing."""
    if len({round.scheme_version_id for round in rounds}) != 1:
        raise Refused(gettext_noop("Choose rounds that were judged under the same scheme version."))
    dialogues = list(
        Dialogue.objects.filter(
            assignments__in=Assignment.objects.filter(round__in=rounds, gold=False).submitted()
        )
        .distinct()
        .order_by("source_id", "number")
    )
    if not dialogues:
        raise Refused(
            gettext_noop("Nothing is handed in yet in the chosen rounds; nothing can be frozen.")
        )
    utterances = list(
        Utterance.objects.filter(dialogue__in=dialogues)
        .select_related("dialogue", "speaker")
        .order_by("dialogue__source_id", "dialogue__number", "number")
    )
    sizes = Counter(utterance.dialogue.uid for utterance in utterances)
    fixed = {dialogue.uid: dialogue.split for dialogue in dialogues if dialogue.split}
    return Content(
        dialogues=dialogues,
        utterances=utterances,
        gold=gold_of(rounds),
        names=_pseudonyms(rounds),
        split_of=split({d.uid: sizes[d.uid] for d in dialogues}, fixed, seed),
        media={d.pk: f"media/{n:06d}.mp4" for n, d in enumerate(dialogues, 1) if d.clip},
    )


def _pseudonyms(rounds) -> dict[int, str]:
    submitted = Judgement.objects.filter(assignment__round__in=rounds).submitted()
    people = submitted.order_by("assignment__person_id").values_list(
        "assignment__person_id", flat=True
    )
    return {pk: f"A{number}" for number, pk in enumerate(people.distinct(), 1)}


def _write_utterances(root: Path, content: Content, tasks: Iterable[str]) -> None:
    tasks = list(tasks)
    fields = ["id", "dialogue", "number", "split", "speaker", "start", "end", "text"]
    with (
        (root / "utterances.jsonl").open("w", encoding="utf-8", newline="\n") as lines,
        (root / "utterances.csv").open("w", encoding="utf-8-sig", newline="") as sheet,
    ):
        table = csv.writer(sheet)
        table.writerow([*fields, *tasks])
        for utterance in content.utterances:
            row = _utterance_row(utterance, content)
            found = {
                task: item for task in tasks if (item := content.gold.get((utterance.pk, task)))
            }
            gold = {task: item.value for task, item in found.items() if item.value is not None}
            table.writerow(
                [*(_safe(row[name]) for name in fields), *(gold.get(task, "") for task in tasks)]
            )
            row["gold"] = gold
            row["provenance"] = {task: item.provenance for task, item in found.items()}
            row["votes"] = {task: item.votes for task, item in found.items()}
            row["soft"] = {task: item.soft for task, item in found.items()}
            lines.write(_line(row))


def _utterance_row(utterance: Utterance, content: Content) -> dict[str, Any]:
    dialogue = utterance.dialogue
    return {
        "id": utterance.uid,
        "dialogue": dialogue.uid,
        "number": utterance.number,
        "split": content.split_of[dialogue.uid],
        "speaker": utterance.speaker.name if utterance.speaker else None,
        "start": utterance.start,
        "end": utterance.end,
        "text": utterance.text,
        "translation": utterance.translation or None,
        "machine": utterance.machine,
        "media": content.media.get(dialogue.pk),
    }


def _write_judgements(root: Path, content: Content, rounds) -> None:
    current = Judgement.objects.filter(assignment__round__in=rounds).submitted().current()
    rows: dict[int, list[tuple[str, str, str, str]]] = defaultdict(list)
    for round_name, utterance, task, person, value in current.values_list(
        "assignment__round__name", "utterance_id", "task", "assignment__person_id", "value"
    ).iterator():
        rows[utterance].append((content.names[person], round_name, task, value))
    with (root / "judgements.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for utterance in content.utterances:
            for annotator, round_name, task, value in sorted(rows[utterance.pk]):
                lines.write(
                    _line(
                        {
                            "utterance": utterance.uid,
                            "annotator": annotator,
                            "round": round_name,
                            "task": task,
                            "value": value,
                        }
                    )
                )


def _copy_media(root: Path, content: Content, beat: Callable[[float], None]) -> None:
    with_clip = [dialogue for dialogue in content.dialogues if dialogue.pk in content.media]
    if with_clip:
        (root / "media").mkdir()
    for done, dialogue in enumerate(with_clip, 1):
        try:
            target = root / content.media[dialogue.pk]
            with dialogue.clip.open("rb") as clip, target.open("wb") as copy:
                shutil.copyfileobj(clip, copy, 1 << 20)
        except FileNotFoundError as error:
            raise Refused(
                gettext_noop("The clip of %(dialogue)s is missing on disk. Ingest it again."),
                dialogue=dialogue.uid,
            ) from error
        beat(done / len(with_clip))


def _safe(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _files(root: Path) -> list[dict[str, Any]]:
    return [
        {
            "path": path.relative_to(root).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": verify.digest(path),
        }
        for path in sorted(root.rglob("*"))
        if path.is_file()
    ]


def pack(root: Path, archive: Path, folder: str) -> None:
    """Write the directory as a zip whose bytes depend on its content alone."""
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(f"{folder}/{path.relative_to(root).as_posix()}", ZIP_TIME)
            entry.external_attr = 0o644 << 16
            whole = path.suffix in {".mp4", ".flac", ".jpg"}
            entry.compress_type = zipfile.ZIP_STORED if whole else zipfile.ZIP_DEFLATED
            with path.open("rb") as source, packed.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1 << 20)
