"""The tables of a release written row by row, as they were before their columns were: slower, and
short enough to be read. Both have to give the same bytes.
"""

import csv
import json
from collections import defaultdict
from operator import itemgetter

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.models import Assignment, Judgement
from annotation.scheme import CANNOT_TELL
from core.csv_export import safe
from corpus.models import Utterance
from releases import personal_data, tables
from releases.models import PersonalDataReview


def write(root, plan):
    """Write every table of a plan under `root`; utterance id -> task -> person id -> value."""
    utterances, judgements, given = rows_of(plan)
    (root / "data").mkdir(parents=True)
    for name, rows in (("utterances", utterances), ("judgements", judgements)):
        lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        (root / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), newline="")
    write_sheet(root / "utterances.csv", plan, utterances)
    features = tables.utterance_features(plan.scheme, plan.traits)
    for split, name in tables.HF_SPLITS.items():
        if mine := [row for row in utterances if row["split"] == split]:
            path = root / f"data/{name}-00000-of-00001.parquet"
            write_parquet(path, features, columns_of(plan, mine))
    found = {name: [row[name] for row in judgements] for name in tables.JUDGED}
    write_parquet(root / "data/judgements.parquet", tables.judgement_features(), found)
    return given


def write_sheet(path, plan, utterances):
    tasks, traits = plan.scheme.keys, plan.traits
    names = tables.columns(plan.scheme, traits)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.writer(file)
        header = [*tables.FIELDS, *(f"speaker_{trait}" for trait in traits), *names.values()]
        sheet.writerow(map(safe, header))
        for row in utterances:
            cells = [row[name] for name in tables.FIELDS]
            cells += [row["traits"].get(trait, "") for trait in traits]
            sheet.writerow(map(safe, [*cells, *(row["gold"].get(task, "") for task in tasks)]))


def write_parquet(path, features, columns):
    schema = tables.schema(features)
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        if any(columns.values()):
            file.write_table(pa.Table.from_pydict(columns, schema=schema))


def columns_of(plan, rows):
    found = {name: [row[name] for row in rows] for name in tables.PLAIN}
    for trait in plan.traits:
        found[f"speaker_{trait}"] = [row["traits"].get(trait) for row in rows]
    names = tables.columns(plan.scheme, plan.traits)
    for task in plan.scheme.tasks:
        key, values, name = task.key, task.keys, names[task.key]
        gold = [row["gold"].get(key) for row in rows]
        found[name] = [None if value is None else values.index(value) for value in gold]
        found[f"{name}_provenance"] = [row["provenance"].get(key) for row in rows]
        for kind, none in (("votes", 0), ("soft", 0.0)):
            counted = [row[kind].get(key) for row in rows]
            spread = [of and [of.get(value, none) for value in values] for of in counted]
            found[f"{name}_{kind}"] = spread
    return found


def rows_of(plan):
    """The rows of utterances and of judgements, and what counts of these for agreement."""
    utterances, judgements, given = [], [], {}
    answers_of, rows_by_utterance = judged(plan)
    for position, chosen in enumerate(plan.dialogues):
        for row in Utterance.objects.filter(dialogue=chosen.pk).order_by("number"):
            answers = answers_of.get(row.pk, {})
            rulings = plan.resolver.rulings([chosen.pk])
            gold = {
                task: plan.resolver.gold(task, answers[task], rulings.get((row.pk, task), {}))
                for task in plan.scheme.keys
                if task in answers
            }
            name, traits = plan.speakers.get(row.speaker_id, (None, {}))
            text, translation = masked(row)
            timed = None not in (row.start, row.end)
            utterances.append(
                {
                    "id": row.uid,
                    "dialogue": chosen.uid,
                    "number": row.number,
                    "split": plan.split_of[chosen.uid],
                    "source": chosen.title,
                    "speaker": name,
                    "traits": traits,
                    "start": row.start,
                    "end": row.end,
                    "text": text,
                    "translation": translation or None,
                    "machine": row.machine,
                    "media": plan.place(position, row.number, timed),
                    "gold": {t: found.value for t, found in gold.items() if found.value},
                    "provenance": {task: found.provenance for task, found in gold.items()},
                    "votes": {task: found.votes for task, found in gold.items()},
                    "soft": {task: found.soft for task, found in gold.items()},
                }
            )
            for _key, judgement in sorted(rows_by_utterance[row.pk], key=itemgetter(0)):
                judgements.append({"utterance": row.uid} | judgement)
            given[row.pk] = {
                task: {w: v for round in sorted(by_round) for w, v in by_round[round].items()}
                for task, by_round in answers.items()
            }
    return utterances, judgements, given


def masked(row):
    if not personal_data.find_personal_data(f"{row.text}\n{row.translation}"):
        return row.text, row.translation
    outcomes = PersonalDataReview.outcomes({row.pk})[row.pk]
    cleared = {words for words, outcome in outcomes.items() if outcome == "keep"}
    texts = (row.text, row.translation)
    return [personal_data.mask_personal_data(text, cleared)[0] for text in texts]


def judged(plan):
    """Utterance id -> task -> round id -> person id -> value; and utterance id -> its judgements,
    each with what it is sorted by.
    """
    order = {task: number for number, task in enumerate(plan.scheme.keys)}
    values = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    rows_by_utterance = defaultdict(list)
    submitted = Assignment.objects.filter(round__in=plan.rounds, gold=False).submitted()
    newest = {}
    for row in Judgement.objects.filter(
        assignment__in=submitted, utterance__retired=False
    ).order_by("assignment", "pk"):
        newest[row.assignment_id, row.utterance_id, row.task] = row
    work = {each.pk: each for each in submitted.select_related("round")}
    for row in newest.values():
        if not row.value:
            continue
        assignment = work[row.assignment_id]
        judgement = {
            "annotator": plan.annotators[assignment.person_id],
            "round": assignment.round.name,
            "task": row.task,
            "value": row.value,
            "confidence": row.confidence,
            "seconds": round(row.seconds, 3),
        }
        key = (judgement["annotator"], judgement["round"], order[row.task])
        rows_by_utterance[row.utterance_id].append((key, judgement))
        if row.value != CANNOT_TELL:
            of_round = values[row.utterance_id][row.task][assignment.round_id]
            of_round[assignment.person_id] = row.value
    return values, rows_by_utterance
