"""Writes a release directory: tables, splits, certificate, findings, media, card, manifest.

The same rows give the same bytes: nothing in the directory depends on when or where it is made.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from annotation import resampling
from annotation.measuring import measure
from annotation.models import Oddity, Report
from corpus.models import Utterance
from releases import card, citation, croissant, footage, open_findings, rows, verify
from releases.leakage import leakage
from releases.models import Release
from releases.openly import certified, openly
from releases.splits import SPLITS
from releases.tables import Tables

LAYOUT = 2
SEED = 0  # of the bootstrap


def write(release: Release, root: Path, beat: Callable[[float], None]) -> dict[str, Any]:
    """Write the whole directory `root` (which must not exist) and return its manifest.

    Raises Refused if there is nothing to release, SplitError if it cannot be split as asked.
    """
    plan = rows.plan(release)
    root.mkdir(parents=True)
    beat(0.05)
    counts, texts = _write_tables(root, plan, beat)
    beat(0.35)
    leaks = leakage(*texts).to_json()
    _json(root / "leakage.json", leaks)
    measures = [m.to_json() for m in measure(plan.rounds, plan.scheme, seed=SEED)]
    findings = _findings(plan)
    open_people = openly(plan)
    certificate = _certificate(measures, findings["open"])
    _json(root / "agreement.json", certificate | {"openly": certified(open_people)})
    beat(0.5)
    _json(root / "quality.json", findings)
    _write_scheme(root, plan)
    beat(0.55)
    footage.write(root, plan, lambda share: beat(0.55 + 0.4 * share))
    manifest = _manifest(plan, counts)
    told = card.Told(
        manifest,
        plan.scheme,
        measures,
        leaks,
        findings,
        {task: dict(values) for task, values in counts.gold.items()},
        plan.traits,
        plan.official,
        open_people,
    )
    (root / "README.md").write_text(card.render(told), encoding="utf-8")
    (root / "CITATION.cff").write_text(citation.cff(manifest), encoding="utf-8")
    shutil.copyfile(verify.__file__, root / "verify.py")
    files = _files(root)
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


class _Counts:
    """What was written: numbers by split and of gold values."""

    def __init__(self) -> None:
        self.utterances: Counter[str] = Counter()
        self.dialogues: dict[str, set[str]] = {name: set() for name in SPLITS}
        self.judgements = 0
        self.seconds = 0.0
        self.speakers: set[str] = set()
        self.gold: dict[str, Counter[str]] = {}

    def add(self, part: rows.Part) -> None:
        self.judgements += len(part.judgements)
        for row in part.utterances:
            self.utterances[row["split"]] += 1
            self.dialogues[row["split"]].add(row["dialogue"])
            if row["speaker"]:
                self.speakers.add(row["speaker"])
            if row["start"] is not None and row["end"] is not None:
                self.seconds += row["end"] - row["start"]
            for task, provenance in row["provenance"].items():
                value = row["gold"].get(task, provenance)
                self.gold.setdefault(task, Counter())[value] += 1


def _write_tables(root, plan, beat):
    counts = _Counts()
    uids: list[str] = []
    splits: list[str] = []
    texts: list[str] = []
    done = 0
    with Tables(root, plan.scheme, plan.traits) as tables:
        for part in rows.parts(plan):
            tables.add(part.utterances, part.judgements)
            counts.add(part)
            for row in part.utterances:
                uids.append(row["id"])
                splits.append(row["split"])
                texts.append(row["text"])
            done += rows.AT_ONCE
            beat(0.05 + 0.3 * min(1.0, done / len(plan.dialogues)))
    return counts, (uids, splits, texts)


def _certificate(measures, open_counts):
    """The agreement of the release, what computed it, and what was open when it was frozen."""
    return {
        "coefficient": "krippendorff_alpha",
        "interval": {
            "level": 0.95,
            "method": "percentile bootstrap over dialogues",
            "replicates": resampling.REPLICATES,
            "seed": SEED,
        },
        "computed_by": {"shengqing": settings.VERSION, "numpy": np.__version__},
        "tasks": measures,
        "open_findings": open_counts,
    }


def _findings(plan):
    """What quality monitoring found in the rounds and how each finding was answered, what reading
    the files left out or doubted, and how much of all that is open.
    """
    rounds = []
    for round in plan.rounds:
        report = Report.of(round, Report.Kind.QUALITY)
        looked = report and report.computed_at
        rounds.append(
            {
                "round": round.name,
                "looked_at": looked.date().isoformat() if looked else None,
                "hand_ins_then": report.hand_ins if looked else None,
                "findings": [_finding(plan, oddity) for oddity in _told(round)],
            }
        )
    return {
        "rounds": rounds,
        "reading": open_findings.reading_of(plan.rounds),
        "open": open_findings.counts(plan.rounds),
    }


def _told(round):
    rows = Oddity.objects.filter(round=round, gone=False).select_related("person")
    return rows.order_by("-surprise", "pk").prefetch_related("answers")


def _finding(plan, oddity):
    uids = dict(Utterance.whole.filter(pk__in=oddity.rows).values_list("pk", "uid"))
    own = {"source", "ends"}  # ids of this installation
    evidence = {key: value for key, value in oddity.evidence.items() if key not in own}
    return {
        "kind": oddity.kind,
        "annotator": plan.annotators.get(oddity.person_id),
        "task": oddity.task or None,
        "count": oddity.count,
        "surprise": round(oddity.surprise, 3),
        "evidence": evidence,
        "utterances": [uids[pk] for pk in oddity.rows if pk in uids],
        "open": not oddity.answers.all(),
        "answers": [
            {"outcome": answer.outcome, "words": answer.words, "on": answer.at.date().isoformat()}
            for answer in oddity.answers.all()
        ],
    }


def _write_scheme(root, plan):
    release, scheme = plan.release, plan.scheme
    version = plan.rounds[0].scheme_version
    _json(
        root / "scheme.json",
        {"tasks": scheme.to_json(), "rules": scheme.rules_to_json()},
    )
    guidelines: dict[int, str] = {}
    open_people = openly(plan)
    told = []
    for round in plan.rounds:
        if round.guideline and round.guideline_id not in guidelines:
            name = f"guideline-{len(guidelines) + 1}.md"
            guidelines[round.guideline_id] = name
            (root / name).write_text(round.guideline.text, encoding="utf-8")
        told.append(
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
                "annotators_openly": open_people.get(round.name, []),
                "scheme_version": version.number,
                "guideline": guidelines.get(round.guideline_id),
                "guideline_version": round.guideline.number if round.guideline else None,
            }
        )
    _json(root / "rounds.json", told)
    _json(
        root / "splits.json",
        {
            "apart": ["dialogue", *_apart(release)],
            "official": plan.official,
            "seed": release.seed,
            "shares": list(release.ratios),
            "keeps": [earlier.version for earlier in release.earlier()],
            "spread": plan.spread,
            "dialogues": plan.split_of,
        },
    )


def _apart(release):
    Apart = Release.Apart  # noqa: N806
    return {
        Apart.DIALOGUE: [],
        Apart.SOURCE: ["source"],
        Apart.SPEAKER: ["speaker"],
        Apart.BOTH: ["source", "speaker"],
    }[release.apart]


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
        "dialogues": {name: len(ids) for name, ids in counts.dialogues.items() if ids},
        "judgements": counts.judgements,
        "annotators": len(plan.annotators),
        "speakers": len(counts.speakers),
        "sources": len({row[2] for row in plan.dialogues}),
        "hours_of_speech": round(counts.seconds / 3600, 3),
        "masked": dict(sorted(plan.masked.items())),
    }


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _files(root: Path) -> list[dict[str, Any]]:
    return [_entry(root, path) for path in sorted(root.rglob("*")) if path.is_file()]


def _entry(root: Path, path: Path) -> dict[str, Any]:
    return {
        "path": path.relative_to(root).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": verify.digest(path),
    }
