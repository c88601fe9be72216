"""Writes a release directory: tables, splits, certificate, findings, media, card, manifest.

Everything that is read of the database is read in one moment (core/snapshot.py), whatever people
hand in, adjudicate or edit meanwhile; media follow, by the names and checksums of that moment. The
certificate is computed from the very rows of `judgements.jsonl`, so `verify.py` can recount it.

Two freezes of the same rows by the same versions of the program and of its libraries give the same
bytes, except of what is encoded or measured anew for each (clips of utterances, features). The date
in the manifest is that of the request.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from django.conf import settings

from annotation.agreement import bootstrap
from annotation.agreement.item_counts import catch_up_all
from annotation.agreement.measures import measures_of
from annotation.agreement.unit_counts import UnitCounts
from annotation.models import QualityFlag, Report
from annotation.reopening import wait_for_reopenings
from core.snapshot import database_snapshot
from corpus.models import Utterance
from releases import citation, croissant, dataset_card, media_export, open_findings, rows, verify
from releases.columns import Answers, Part
from releases.leakage import Texts
from releases.models import PseudonymKey, Release
from releases.splits import SPLITS
from releases.tables import Tables
from releases.unblinded import independence, unblinded_annotators

LAYOUT = 3
SEED = 0  # of the bootstrap


def write(release: Release, root: Path, beat: Callable[[float], None]) -> dict[str, Any]:
    """Write the whole directory `root` (which must not exist) and return its manifest.

    Raises UserError if there is nothing to release, or an error of the integrity check that nobody
    decided about; SplitError if it cannot be split as asked.
    """
    root.mkdir(parents=True)
    wait_for_reopenings(release.rounds.all())  # from here on there are none
    catch_up_all(release.rounds.all())
    PseudonymKey.of(release.corpus)  # made, if there is none: within the moment nothing can be
    with TemporaryFile(dir=root) as file:
        texts = Texts(file)
        with database_snapshot() as aside:
            read = _read(release.pk, root, texts, lambda share: aside(beat, share))
        leaks = texts.leakage(root).to_json()
    plan, counts, findings = read.plan, read.counts, read.findings
    _json(root / "leakage.json", leaks)
    beat(0.4)
    measures = [m.to_json() for m in measures_of(read.units, plan.scheme, seed=SEED)]
    _json(root / "agreement.json", _certificate(measures, findings["open"], read.unblinded))
    beat(0.55)
    media_export.write(root, plan, lambda share: beat(0.55 + 0.4 * share))
    manifest = _manifest(plan, counts)
    card = dataset_card.CardData(
        manifest,
        plan.scheme,
        measures,
        leaks,
        findings,
        {task: dict(values) for task, values in counts.gold.items()},
        plan.traits,
        plan.official,
        plan.integrity.to_json(),
        read.unblinded,
    )
    (root / "README.md").write_text(dataset_card.render(card), encoding="utf-8")
    (root / "CITATION.cff").write_text(citation.cff(manifest), encoding="utf-8")
    shutil.copyfile(verify.__file__, root / "verify.py")
    files = _files(root, beat)
    _json(root / "croissant.json", croissant.describe(manifest, files, plan.scheme, plan.traits))
    files.append(_entry(root, root / "croissant.json"))
    manifest["contents"] = verify.contents(files)
    manifest["files"] = sorted(files, key=lambda entry: entry["path"])
    _json(root / "manifest.json", manifest)
    for path in root.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    beat(0.97)
    return manifest


@dataclass(frozen=True)
class _Read:
    """What was read of the database, in one moment."""

    plan: rows.Plan
    counts: "_Counts"
    units: dict[str, Any]  # task -> CountedUnits
    findings: dict[str, Any]
    unblinded: dict[str, list[str]]  # round -> pseudonyms of those who took part openly


def _read(pk, root, texts, beat):
    """Read everything, and write what is only read: tables, scheme, rounds, splits, findings."""
    release = Release.objects.select_related("corpus", "follows").get(pk=pk)
    plan = rows.make_plan(release)
    beat(0.05)
    counts, units = _write_tables(root, plan, texts, beat)
    findings = _findings(plan)
    _json(root / "quality.json", findings)
    _json(root / "integrity.json", plan.integrity.to_json())
    _write_scheme(root, plan)
    _write_splits(root, plan, counts)
    return _Read(plan, counts, units, findings, unblinded_annotators(plan))


class _Counts:
    """What was written: numbers by split and of gold values."""

    def __init__(self) -> None:
        self.utterances: Counter[str] = Counter()
        self.dialogues: Counter[str] = Counter()
        self.judgements = 0
        self.seconds = 0.0
        self.speakers: set[str] = set()
        self.sources: set[str] = set()
        self.annotators: set[str] = set()
        self.gold: dict[str, Counter[str]] = {}
        self.spread: dict[str, Counter[str]] = {}  # utterances, or task=value -> split

    def add(self, part: Part) -> None:
        columns, given = part.utterances, part.judgements
        self.judgements += len(given)
        self.annotators.update(given.work[n].annotator for n in np.unique(given.whose).tolist())
        self.utterances.update(columns["split"])
        self.dialogues.update(dict(zip(part.dialogues.tolist(), columns["split"])).values())
        self.sources.update(columns["source"])
        self.speakers.update(name for name in set(columns["speaker"]) if name)
        for start, end in zip(columns["start"], columns["end"], strict=True):
            if start is not None and end is not None:
                self.seconds += end - start
        for task, settled in part.settled.items():
            for (split, number), times in _times(columns["split"], settled).items():
                gold = settled.outcomes[number]
                by_value = self.gold.setdefault(task, Counter())
                by_value[gold.provenance if gold.value is None else gold.value] += times
                if gold.value is not None:
                    by_split = self.spread.setdefault(f"{task}={gold.value}", Counter())
                    by_split[split] += times


def _times(splits, settled):
    """(Split, number of an outcome) -> how many utterances."""
    found = Counter(zip(splits, settled.which.tolist()))
    return {key: times for key, times in found.items() if key[1] >= 0}


def _write_tables(root, plan, texts, beat):
    """Write the tables, and add their `texts`; the _Counts and the units of agreement."""
    counts, units = _Counts(), UnitCounts(plan.scheme)
    answers = Answers(plan.scheme)
    done = 0
    with Tables(root, plan.scheme, plan.traits) as tables:
        for part in rows.parts(plan):
            tables.add(part)
            counts.add(part)
            _add_units(units, part, answers)
            texts.add(*(part.utterances[name] for name in ("id", "split", "text")))
            done += rows.AT_ONCE
            beat(0.05 + 0.3 * min(1.0, done / len(plan.dialogues)))
    return counts, units.finish()


def _add_units(units, part, answers):
    given = part.judgements
    kept = answers.is_value[given.answer]
    whose, answer = given.whose[kept], given.answer[kept]
    units.add(
        part.dialogues,
        utterance=given.utterance[kept],
        person=np.array([work.person for work in given.work], np.int64)[whose],
        round=np.array([work.round for work in given.work], np.int64)[whose],
        task=answers.task[answer],
        value=answers.place[answer],
    )


def _certificate(measures, open_counts, unblinded):
    """The agreement of the release, what computed it, what was open when it was frozen, and who
    took part openly.
    """
    return {
        "coefficient": "krippendorff_alpha",
        "interval": {
            "level": 0.95,
            "method": "percentile bootstrap over dialogues",
            "replicates": bootstrap.REPLICATES,
            "seed": SEED,
        },
        "computed_by": {"shengqing": settings.VERSION, "numpy": np.__version__},
        "tasks": measures,
        "open_findings": open_counts,
        "openly": independence(unblinded),
    }


def _findings(plan):
    """What quality monitoring found in the rounds and how each finding was answered, what reading
    the files left out or doubted, and how much of all that is open.
    """
    rounds = []
    for round in plan.rounds:
        report = Report.of(round, Report.Kind.QUALITY)
        computed_at = report and report.computed_at
        rounds.append(
            {
                "round": round.name,
                "looked_at": computed_at.date().isoformat() if computed_at else None,
                "hand_ins_then": report.submissions if computed_at else None,
                "findings": [_finding(plan, flag) for flag in _flags(round)],
            }
        )
    return {
        "rounds": rounds,
        "reading": open_findings.reading_of(plan.rounds, plan.integrity.excluded),
        "open": open_findings.counts(plan.rounds, plan.integrity.excluded)
        | {"undecided": dict(sorted(plan.resolver.undecided.items()))},
    }


def _flags(round):
    rows = QualityFlag.objects.filter(round=round, gone=False).select_related("person")
    return rows.order_by("-neg_log10_p", "pk").prefetch_related("reviews")


def _finding(plan, flag):
    named = Utterance.all_objects.filter(pk__in=flag.rows)
    kept = named.exclude(dialogue__in=plan.integrity.excluded)
    uids = dict(kept.values_list("pk", "uid"))
    own = {"source", "ends"}  # ids of this installation
    evidence = {key: value for key, value in flag.evidence.items() if key not in own}
    return {
        "kind": flag.kind,
        "annotator": plan.annotators.get(flag.person_id),
        "task": flag.task or None,
        "count": flag.count,
        "surprise": round(flag.neg_log10_p, 3),
        "evidence": evidence,
        "utterances": [uids[pk] for pk in flag.rows if pk in uids],
        "open": not flag.reviews.all(),
        "answers": [
            {"outcome": answer.outcome, "words": answer.words, "on": answer.at.date().isoformat()}
            for answer in flag.reviews.all()
        ],
    }


def _write_scheme(root, plan):
    scheme = plan.scheme
    version = plan.rounds[0].scheme_version
    _json(
        root / "scheme.json",
        {"tasks": scheme.to_json(), "rules": scheme.rules_to_json()},
    )
    guidelines: dict[int, str] = {}
    unblinded = unblinded_annotators(plan)
    rows_of_rounds = []
    for round in plan.rounds:
        if round.guideline and round.guideline_id not in guidelines:
            name = f"guideline-{len(guidelines) + 1}.md"
            guidelines[round.guideline_id] = name
            (root / name).write_text(round.guideline.text, encoding="utf-8")
        rows_of_rounds.append(
            {
                "name": round.name,
                "published": round.published,
                "view": round.view,
                "people_per_dialogue": round.overlap,
                "order": round.order,
                "suggestions": round.suggestions,
                "confidence": round.confidence,
                "cannot_tell": round.cannot_tell,
                "consensus": round.consensus,
                "annotators_openly": unblinded.get(round.name, []),
                "scheme_version": version.number,
                "guideline": guidelines.get(round.guideline_id),
                "guideline_version": round.guideline.number if round.guideline else None,
            }
        )
    _json(root / "rounds.json", rows_of_rounds)


def _write_splits(root, plan, counts):
    release = plan.release
    _json(
        root / "splits.json",
        {
            "apart": ["dialogue", *_split_units(release)],
            "official": plan.official,
            "seed": release.seed,
            "shares": list(release.ratios),
            "keeps": [earlier.version for earlier in release.earlier()],
            "spread": _spread(plan, counts),
            "dialogues": plan.split_of,
        },
    )


def _spread(plan, counts):
    """Share of the utterances, and of each gold value, that each split has."""
    by_column = {"utterances": counts.utterances}
    columns = (f"{task.key}={value}" for task in plan.scheme.tasks for value in task.keys)
    by_column |= {column: counts.spread.get(column) for column in columns}
    return {
        name: {split: round(by_split[split] / by_split.total(), 4) for split in SPLITS}
        for name, by_split in by_column.items()
        if by_split
    }


def _split_units(release):
    """What no two splits share, beside dialogues."""
    units = Release.SplitUnit
    return {
        units.DIALOGUE: [],
        units.SOURCE: ["source"],
        units.SPEAKER: ["speaker"],
        units.BOTH: ["source", "speaker"],
    }[release.split_unit]


def _manifest(plan, counts):
    release = plan.release
    return {
        "layout": LAYOUT,
        "corpus": release.corpus.name,
        "version": release.version,
        "created": release.created_at.date().isoformat(),
        "language": release.corpus.language,
        "description": release.description or release.corpus.description,
        "notes": release.notes,
        "authors": release.author_list,
        "licence": release.licence,
        "synthetic": release.corpus.synthetic,
        "follows": release.follows.digest if release.follows else None,
        "media": release.media,
        "speakers_by": release.speakers,
        "rounds": [round.name for round in plan.rounds],
        "utterances": {name: counts.utterances[name] for name in SPLITS if counts.utterances[name]},
        "dialogues": {name: counts.dialogues[name] for name in SPLITS if counts.dialogues[name]},
        "judgements": counts.judgements,
        "annotators": len(counts.annotators),
        "speakers": len(counts.speakers),
        "sources": len(counts.sources),
        "hours_of_speech": round(counts.seconds / 3600, 3),
        "masked": dict(sorted(plan.masked.items())),
    }


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _files(root: Path, beat: Callable[[float], None]) -> list[dict[str, Any]]:
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    entries = []
    for done, path in enumerate(paths, 1):
        entries.append(_entry(root, path))
        if done % 100 == 0:
            beat(0.95 + 0.02 * done / len(paths))
    return entries


def _entry(root: Path, path: Path) -> dict[str, Any]:
    return {
        "path": path.relative_to(root).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": verify.digest(path),
    }
