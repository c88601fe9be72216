"""All systems compared under one protocol, a corpus at a time: the tables of docs/experiments.md.

    python -m benchmarks.published_systems smallest --out DIR
    python -m benchmarks.published_systems planted|cmma|cmma-unrelated|meld|cped --out DIR
        [--data ../shared/data] [--seeds 5] [--trials 3] [--jobs 2] [--systems NAME ...]
    python -m benchmarks.published_systems CORPUS --out DIR --table

It writes the release DIR/CORPUS/release, the file DIR/CORPUS/experiment.toml, and does that
experiment (modeling/learner/experiments) in DIR/CORPUS/out; the same command goes on where it was
stopped, and `--table` prints what stands in the document. `planted` is the synthetic data of
modeling/learner/synthetic_data.py, 150 dialogues to train on and 600 to test on, all three
modalities as imported features. The others are the text of what benchmarks/real_corpora.py writes;
`cmma-unrelated` is CMMA's sentiment, emotion, sarcasm and humor alone, without the two stated
correlations. `smallest` is planted data with 60 test dialogues, four systems and three seeds.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.real_corpora import read_cmma, read_cped, read_meld, write_release
from modeling.learner.command_line import main as learner
from modeling.learner.experiments.results import MEAN
from modeling.learner.features.feature_files import FeatureTable
from modeling.learner.features.imported import write_features
from modeling.learner.recipes import MODALITIES, RECIPES
from modeling.learner.synthetic_data import SPLIT_DIALOGUES, TASKS, generate_splits

DATA_SEED = 41  # of planted data; the sharing benchmark reports 31 to 35
READERS = {"cmma": read_cmma, "cmma-unrelated": read_cmma, "meld": read_meld, "cped": read_cped}
OWN = ("hard-small", "reading-small", "soft-small")
SYSTEMS = (*OWN, *(name for name, recipe in RECIPES.items() if recipe.network != "own"))
OF_CHARACTERS = ("tf-idf",)  # planted data have none
SMALLEST = ("hard-small", "reading-small", "bc-lstm", "lmf")
SETTINGS = {  # of a corpus: fields of all recipes
    "planted": {"epochs": 40, "patience": 8, "dialogues_per_batch": 15},
    "text": {"modalities": ["text"], "epochs": 20, "patience": 4, "dialogues_per_batch": 16},
}
SPACE = {"learning_rate": [5e-4, 2e-3], "dropout": [0.1, 0.3, 0.5]}


def write_planted(root: Path, test_dialogues: int) -> None:
    """Planted data as a release directory, and its vectors as imported features beside it."""
    sizes = {**SPLIT_DIALOGUES, "test": test_dialogues}
    splits = generate_splits(DATA_SEED, sizes)
    rows, values = [], {name: [] for name in MODALITIES}
    for split, batch in splits.items():
        for number, key in enumerate(batch.ids):
            dialogue = f"{split}-{key.split('_')[0]}"
            gold = {task.key: task.classes[int(batch.gold[task.key][number])] for task in TASKS}
            rows.append({
                "id": f"{split}-{key}", "dialogue": dialogue, "split": split, "source": "planted",
                "speaker": "AB"[number % 2], "text": "", "start": None, "end": None, "gold": gold,
                "soft": {}, "media": None,
            })  # fmt: skip
        for name in MODALITIES:
            values[name].append(getattr(batch, name)[:, 0].numpy())  # (N, D)
    root.mkdir(parents=True)
    text = "\n".join(json.dumps(row) for row in rows) + "\n"
    (root / "utterances.jsonl").write_text(text, "utf-8")
    tasks = [
        {"key": t.key, "values": [{"key": c} for c in t.classes], "source": t.source,
         "target": t.target}
        for t in TASKS
    ]  # fmt: skip
    (root / "scheme.json").write_text(json.dumps({"tasks": tasks}), "utf-8")
    manifest = {"corpus": "planted", "version": "1.0.0", "files": []}
    (root / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    for name, parts in values.items():
        table = FeatureTable(
            name, [row["id"] for row in rows], np.concatenate(parts),
            np.ones(len(rows), np.int64), pooled=True,
        )  # fmt: skip
        write_features(root.parent / name, table, "planted")


def experiment_file(
    corpus: str, systems: Sequence[str], seeds: int, trials: int, root: Path
) -> str:
    """The file of the experiment on a corpus whose directory is `root`."""
    planted = corpus in ("planted", "smallest")
    fields = dict(SETTINGS["planted" if planted else "text"])
    if planted:
        fields |= {f"{name}_features": str((root / name).resolve()) for name in MODALITIES}
    lines = [f'name = "All systems: {corpus}"', 'release = "release"', f"seeds = {seeds}"]
    if corpus == "cmma-unrelated":
        lines.append('tasks = ["sentiment", "emotion", "sarcasm", "humor"]')
    lines += ["", "[recipe]", *(f"{key} = {json.dumps(value)}" for key, value in fields.items())]
    for name in systems:
        if planted and name in OF_CHARACTERS:
            continue
        lines += ["", "[[systems]]", f'recipe = "{name}"']
    if trials:
        lines += ["", "[tuning]", f"trials = {trials}", "", "[tuning.space]"]
        lines += [f"{key} = {json.dumps(values)}" for key, values in SPACE.items()]
    return "\n".join(lines) + "\n"


def table(root: Path) -> str:
    """The systems as rows of Markdown, best mean first: macro-F1 in percent by task, the mean with
    its interval, and the gain over the reference.
    """
    report = json.loads((root / "out" / "report.json").read_text("utf-8"))
    scheme = json.loads((root / "release" / "scheme.json").read_text("utf-8"))
    tasks = [task["key"] for task in scheme["tasks"] if not task.get("source")]
    rows = []
    for name, system in report["systems"].items():
        found = {key: row["macro_f1"] for key, row in system["metrics"].items() if row}
        mean = found[MEAN]
        interval = f" [{points(mean['low'])}, {points(mean['high'])}]" if mean["low"] else ""
        cells = [f"`{name}`", str(len(system["seeds"]))]
        cells += [points(found[key]["mean"]) if key in found else "–" for key in tasks]
        cells += [points(mean["mean"]) + interval, ""]
        if gain := report["gains"].get(name, {}).get(MEAN):
            low, high = (f"{100 * gain[end]:+.1f}" for end in ("low", "high"))
            cells[-1] = f"{100 * gain['gain']:+.1f} [{low}, {high}]"
        rows.append((mean["mean"], "| " + " | ".join(cells) + " |"))
    head = ["system", "seeds", *tasks, "mean", f"over `{report['reference']}` in the mean"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(line for _mean, line in sorted(rows, reverse=True))])


def points(share: float) -> str:
    return f"{100 * share:.1f}"


def main() -> int:
    """Write the release and the file where they are not there, and do the experiment."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("corpus", choices=["smallest", "planted", *READERS])
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--data", type=Path, default=Path("../shared/data"))
    options.add_argument("--seeds", type=int)
    options.add_argument("--trials", type=int)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--systems", nargs="*", choices=SYSTEMS)
    options.add_argument("--table", action="store_true")
    chosen = options.parse_args()
    if chosen.table:
        sys.stdout.write(table(chosen.out / chosen.corpus) + "\n")
        return 0
    small = chosen.corpus == "smallest"
    root = chosen.out / chosen.corpus
    if not (root / "release").exists():
        if small or chosen.corpus == "planted":
            write_planted(root / "release", 60 if small else SPLIT_DIALOGUES["test"])
        else:
            write_release(READERS[chosen.corpus](chosen.data), root / "release", None, "")
    systems = chosen.systems or (SMALLEST if small else SYSTEMS)
    seeds = chosen.seeds or (3 if small else 5)
    trials = (0 if small else 3) if chosen.trials is None else chosen.trials
    path = root / "experiment.toml"
    path.write_text(experiment_file(chosen.corpus, systems, seeds, trials, root), "utf-8")
    return learner(["experiment", str(path), "--out", str(root / "out"), "--jobs",
                    str(chosen.jobs)])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
