"""Ways of sharing compared on real text, at equal parameters and equal tuning.

    python -m benchmarks.real_text RELEASES --out DIR [--corpora NAME ...] [--ways NAME ...]
        [--seeds 5] [--jobs 2] [--modalities text audio] [--minutes M]

RELEASES holds what benchmarks/real_corpora.py wrote: characters as text and, in the place of sound,
sentence vectors. Each way has the width at which it has about as many parameters as hard sharing
with the relations as tasks at WIDTH, and the learning rate, of LEARNING_RATES, with the highest
mean macro-F1 on the validation set in a run with seed 0; seeds 1 and on are reported. Epochs,
temperatures and thresholds are chosen on the validation set as in any run. The test set is read by
the reported runs alone.

A run is a file of DIR/runs and is not done twice. The report (report.json, report.md) compares ways
by macro-F1 of each task and of the mean of the tasks, relations not counted among these, with the
paired bootstrap over dialogues and seeds of modeling/learner/significance.py.
"""

import argparse
import json
import multiprocessing
import time
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import nn

from modeling.learner.confusion_metrics import Confusions, confusion_counts
from modeling.learner.correlation_labels import correlation_strengths, shuffle_correlations
from modeling.learner.evaluation import evaluate
from modeling.learner.features.extraction import Extractors, Features, extract_all, extractor_keys
from modeling.learner.inference import decide, network_outputs
from modeling.learner.losses import Objective
from modeling.learner.metrics import macro_f1
from modeling.learner.networks.dialogue_model import DialogueModel
from modeling.learner.networks.registry import build_network
from modeling.learner.pipeline import fit_calibration, train, validation_scores
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipes import RECIPES, Recipe
from modeling.learner.release import Release, Task, load_release
from modeling.learner.run_directory import RunDirectory
from modeling.learner.significance import mean_gain, paired_bootstrap
from modeling.learner.training import TrainingModule, fit

WIDTH, WIDTHS = 64, range(8, 129, 4)
LEARNING_RATES = (7e-4, 2e-3)
TUNING_SEED = 0
MEAN = "mean"
CONTEXT_TURNS = 2  # of the regression on vectors
INVERSE_REGULARISATION = (0.01, 0.1, 1.0)
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
RECIPE = Recipe(  # as on planted data; with attention and fusion hard sharing did no better
    name="real-text", width=WIDTH, attention=False, fusion=False, dropout=0.3, epochs=25,
    patience=6, dialogues_per_batch=16,
)  # fmt: skip
AS_TASKS = "relations as tasks too"  # in the name of a way that gets them
WAYS: dict[str, dict[str, Any]] = {
    "single-task": {"sharing": "single"},
    "hard": {"sharing": "hard"},
    f"hard, {AS_TASKS}": {"sharing": "hard"},
    "MMoE": {"sharing": "mmoe"},
    "PLE": {"sharing": "ple"},
    "cross-stitch": {"sharing": "cross-stitch"},
    "relation gates": {"sharing": "relgate"},
    "hard + relation chain": {"sharing": "hard", "relation_chain": True},
    "reading gates": {"sharing": "reading", "relations": "off"},
    f"reading gates, {AS_TASKS}": {"sharing": "reading"},
    "reading gates + relation chain, shuffled relations": {
        "sharing": "reading", "relation_chain": True, "relations": "shuffled",
    },
    "reading gates + relation chain": {"sharing": "reading", "relation_chain": True},
}  # fmt: skip
LARGE = {
    "width": 128, "attention": True, "fusion": True, "encoder_layers": 1, "fusion_layers": 2,
    "warmup": 0.1, "schedule": "cosine",
}  # fmt: skip
BASE_WAYS: dict[str, dict[str, Any]] = {  # as large as the recipes called base, no width is sought
    f"hard, {AS_TASKS}, base": {"sharing": "hard", **LARGE},
    "reading gates + relation chain, base": {
        "sharing": "reading", "relation_chain": True, **LARGE,
    },
}  # fmt: skip
ALL_WAYS = WAYS | BASE_WAYS
FULL, BASELINE, REGRESSION = "reading gates + relation chain", "TF-IDF", "vectors"
COMPARED = {  # a way -> the ways over which its gain is reported; () are all others
    FULL: (),
    f"hard, {AS_TASKS}, base": (f"hard, {AS_TASKS}",),
    "reading gates + relation chain, base": (FULL, f"hard, {AS_TASKS}, base"),
    "hard + relation chain": (f"hard, {AS_TASKS}", "hard"),  # what the chain adds: decoding
    f"reading gates, {AS_TASKS}": (f"hard, {AS_TASKS}",),  # what the gates add: sharing
    "reading gates": ("hard",),
    f"hard, {AS_TASKS}": ("hard", BASELINE),
    "hard": (BASELINE,),
    REGRESSION: (BASELINE,),
}


@dataclass(frozen=True)
class Job:
    """One run: a way on a corpus with a learning rate and a seed."""

    corpus: str
    way: str
    rate: float
    seed: int
    releases: Path
    out: Path
    modalities: tuple[str, ...]
    epochs: int
    until: float  # time.time() after which none begins, 0 for never

    @property
    def path(self) -> Path:
        """Where its result is."""
        way = "".join(c if c.isalnum() else "-" for c in self.way)
        return self.out / "runs" / self.corpus / f"{way}_{self.rate:g}_{self.seed}.json"


@dataclass(frozen=True)
class Corpus:
    """A release with its dialogues by split, and the features of all of them."""

    release: Release
    features: dict[str, list[Features]]
    keys: dict[str, str]

    @property
    def own(self) -> list[Task]:
        """The tasks that are compared."""
        return [task for task in self.release.tasks if not task.is_correlation]

    def gold(self, split: str, task: Task) -> list[int]:
        """Class of each utterance, -1 where it has no label."""
        number = {value: i for i, value in enumerate(task.classes)}
        return [
            number.get(u.gold.get(task.key, ""), -1)
            for d in self.release.of_split(split)
            for u in d.utterances
        ]


@cache
def open_corpus(root: Path, modalities: tuple[str, ...]) -> Corpus:
    """The corpus with the features that these modalities need."""
    release = load_release(root, labels=True)
    extractors = Extractors.of(replace(RECIPE, modalities=modalities))
    features, _ = extract_all(release.dialogues, root / "cache", extractors, lambda *_: None)
    return Corpus(release, features, extractor_keys(release.dialogues, extractors))


def tasks_of(way: str, release: Release) -> tuple[Task, ...]:
    """The tasks that a way learns: with the relations where it is told them."""
    fields = ALL_WAYS[way]
    relations = AS_TASKS in way or fields.get("relation_chain") or fields["sharing"] == "relgate"
    return tuple(task for task in release.tasks if relations or not task.is_correlation)


def parameters(network: nn.Module) -> int:
    """How many are learned."""
    return sum(each.numel() for each in network.parameters())


def matched_width(way: str, corpus: Corpus, prepared: Preprocessing, recipe: Recipe) -> int:
    """The width at which a way has nearest as many parameters as hard sharing with the
    relations as tasks at WIDTH; a way that says a width has that.
    """
    if "width" in ALL_WAYS[way]:
        return int(ALL_WAYS[way]["width"])

    def size(name: str, width: int) -> int:
        fields = {**WAYS[name], "width": width}
        made = build_network(
            replace(recipe, **fields), tasks_of(name, corpus.release), len(prepared.vocabulary),
            prepared.sizes,
        )  # fmt: skip
        return parameters(made)

    wanted = size(f"hard, {AS_TASKS}", WIDTH)
    return min(WIDTHS, key=lambda width: abs(size(way, width) - wanted))


def train_way(job: Job) -> dict[str, Any]:
    """Train and evaluate; what the file of the run says. A tuning run is not evaluated on test."""
    started = time.monotonic()
    corpus = open_corpus(job.releases / job.corpus, job.modalities)
    release, tasks = corpus.release, tasks_of(job.way, corpus.release)
    recipe = replace(RECIPE, modalities=job.modalities, learning_rate=job.rate, epochs=job.epochs)
    recipe = replace(recipe, **ALL_WAYS[job.way])
    train = release.of_split("train")
    if recipe.relations == "shuffled":
        train = shuffle_correlations(train, tasks, job.seed)
    prepared = Preprocessing.of(recipe, train, corpus.features, tasks, corpus.keys)
    recipe = replace(recipe, width=matched_width(job.way, corpus, prepared, recipe))
    cpu = torch.device("cpu")
    data = {
        "train": prepared.pack(train, corpus.features, cpu),
        "valid": prepared.pack(release.of_split("valid"), corpus.features, cpu),
    }
    torch.manual_seed(job.seed)
    adjusted = {key: recipe.logit_adjustment * prior for key, prior in prepared.priors.items()}
    model = build_network(
        recipe, tasks, len(prepared.vocabulary), prepared.sizes,
        correlation_strengths(train, tasks), adjusted,
    )  # fmt: skip

    def scores() -> dict[str, float]:
        return validation_scores(model, data["valid"], corpus.own)

    best, epoch = fit(
        TrainingModule(model, Objective(recipe, tasks, prepared.priors)),
        lambda number: data["train"].shuffled(
            recipe.dialogues_per_batch, job.seed * 10_000 + number
        ),
        data["train"].batch,
        scores,
        lambda event: None,
    )
    model.load_state_dict(best)
    result: dict[str, Any] = {
        "corpus": job.corpus, "way": job.way, "rate": job.rate, "seed": job.seed,
        "width": recipe.width, "parameters": parameters(model), "epoch": epoch, "valid": scores(),
    }  # fmt: skip
    if job.seed != TUNING_SEED:
        data["test"] = prepared.pack(release.of_split("test"), corpus.features, cpu)

        def predicted() -> dict[str, list[int]]:
            outputs = {name: network_outputs(model, data[name]) for name in ("valid", "test")}
            found = {}
            for task in corpus.own:
                fitted = fit_calibration(task, outputs["valid"], prepared, recipe, train)
                assert fitted is not None
                prior = prepared.priors[task.key]
                decisions = decide(task, outputs["test"], prior, recipe, fitted)
                found[task.key] = decisions.predicted.tolist()
            return found

        result["predicted"] = predicted()
        result["test"] = test_scores(corpus, result["predicted"])
        if isinstance(model, DialogueModel):
            result["learned"] = model.learned()
            if model.chains is not None:
                usual = model.chains.alpha.clone()
                result["by_alpha"] = {}
                for alpha in ALPHAS:
                    model.chains.alpha.fill_(alpha)
                    result["by_alpha"][str(alpha)] = test_scores(corpus, predicted())
                model.chains.alpha.copy_(usual)
    result["seconds"] = round(time.monotonic() - started, 1)
    return result


def test_scores(corpus: Corpus, predicted: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Macro-F1 by task on the test set."""
    found = {}
    for task in corpus.own:
        pairs = [
            (gold, each)
            for gold, each in zip(corpus.gold("test", task), predicted[task.key], strict=True)
            if gold >= 0
        ]
        found[task.key] = macro_f1([gold for gold, _ in pairs], [each for _, each in pairs])
    return found


def do(job: Job) -> str:
    """Do a job unless it is done or too late; a line about it."""
    if job.path.exists():
        return f"{job.path.name}: done before"
    if job.until and time.time() > job.until:
        return f"{job.path.name}: left out, the time is up"
    torch.set_num_threads(1)
    result = do_without_network(job) if job.way in (BASELINE, REGRESSION) else train_way(job)
    job.path.parent.mkdir(parents=True, exist_ok=True)
    partial = job.path.with_suffix(".partial")
    partial.write_text(json.dumps(result), "utf-8")
    partial.replace(job.path)
    shown = result.get("test", result.get("valid", {}))
    mean = float(np.mean(list(shown.values())))
    return f"{job.corpus} {job.path.name}: {100 * mean:.1f} in {result.get('seconds', 0)} s"


def do_without_network(job: Job) -> dict[str, Any]:
    """The recipe tf-idf, or the regression on vectors."""
    corpus = open_corpus(job.releases / job.corpus, job.modalities)
    predicted: dict[str, list[int]] = {}
    if job.way == BASELINE:
        root = job.out / "baseline" / job.corpus
        place, run, cpu = job.releases / job.corpus, RunDirectory(root), torch.device("cpu")
        train(corpus.release, place, RECIPES["tf-idf"], run, cpu, job.seed)
        evaluate(corpus.release, place, run, cpu)
        lines = (root / "predictions.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line)["predicted"] for line in lines]
        for task in corpus.own:
            predicted[task.key] = [task.classes.index(row[task.key]) for row in rows]
    else:
        predicted = predict_from_vectors(corpus)
    scores = test_scores(corpus, predicted)
    return {"corpus": job.corpus, "way": job.way, "rate": 0, "seed": job.seed, "parameters": 0,
            "width": 0, "epoch": 0, "predicted": predicted, "test": scores}  # fmt: skip


def predict_from_vectors(corpus: Corpus) -> dict[str, list[int]]:
    """Logistic regression on an utterance's vector and the mean of those of two turns before and
    after it; C is chosen by macro-F1 on the validation set, as in the recipe tf-idf.
    """
    tables = {}
    for split in ("train", "valid", "test"):
        rows = []
        for dialogue in corpus.release.of_split(split):
            own = np.stack([each["audio"][0] for each in corpus.features[dialogue.id]])
            for turn, vector in enumerate(own):
                low, high = max(0, turn - CONTEXT_TURNS), turn + CONTEXT_TURNS + 1
                around = [own[i] for i in range(low, min(high, len(own))) if i != turn]
                beside = np.mean(around, axis=0) if around else np.zeros_like(vector)
                rows.append(np.concatenate([vector, beside]))
        tables[split] = np.stack(rows)
    mean, deviation = tables["train"].mean(axis=0), tables["train"].std(axis=0) + 1e-6
    tables = {split: (table - mean) / deviation / 10 for split, table in tables.items()}
    predicted = {}
    for task in corpus.own:
        gold = {split: np.array(corpus.gold(split, task)) for split in tables}
        labelled = gold["train"] >= 0
        fitted = []
        for c in INVERSE_REGULARISATION:
            model = LogisticRegression(C=c, class_weight="balanced", max_iter=200)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # as in the recipe tf-idf
                model.fit(tables["train"][labelled], gold["train"][labelled])
            known = gold["valid"] >= 0
            answers = model.predict(tables["valid"][known]).tolist()
            fitted.append((macro_f1(gold["valid"][known].tolist(), answers), model))
        best = max(fitted, key=lambda pair: pair[0])[1]
        predicted[task.key] = best.predict(tables["test"]).tolist()
    return predicted


def chosen_rates(jobs: Sequence[Job]) -> dict[tuple[str, str], float]:
    """Corpus and way -> the learning rate that the tuning runs chose."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for job in jobs:
        if job.path.exists():
            scores = json.loads(job.path.read_text("utf-8"))["valid"]
            mean = float(np.mean(list(scores.values())))
            key = (job.corpus, job.way)
            found[key] = max(found.get(key, (0.0, job.rate)), (mean, job.rate))
    return {key: rate for key, (_, rate) in found.items()}


def confusions(corpus: Corpus, predicted: Sequence[int], task: Task) -> Confusions:
    """One confusion of each test dialogue."""
    dialogues = corpus.release.of_split("test")
    owner = np.repeat(np.arange(len(dialogues)), [len(d.utterances) for d in dialogues])
    gold = np.array(corpus.gold("test", task))
    known = gold >= 0
    rows = confusion_counts(
        gold[known], np.array(predicted)[known], owner[known], len(task.classes)
    )
    return np.concatenate([rows, np.zeros((len(dialogues) - len(rows), *rows.shape[1:]))])


def gains(
    corpus: Corpus, one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]
) -> dict[str, dict[str, float]]:
    """By task and in the mean of them the gain in macro-F1 with its interval. A way without seeds
    is compared with every seed of the other.
    """
    size = max(len(one), len(other))
    sides = [list(side) * (size if len(side) == 1 else 1) for side in (one, other)]
    pairs = {}
    for task in corpus.own:
        tables = [[confusions(corpus, r["predicted"][task.key], task) for r in s] for s in sides]
        pairs[task.key] = tables[0], tables[1]
    found = {key: paired_bootstrap(*tables)["macro_f1"] for key, tables in pairs.items()}
    return found | {MEAN: mean_gain(pairs)}


def read_results(jobs: Sequence[Job]) -> dict[str, list[dict[str, Any]]]:
    """Way -> its runs, of the seeds that all ways have which have any."""
    runs: dict[str, dict[int, dict[str, Any]]] = {}
    for job in jobs:
        if job.path.exists():
            runs.setdefault(job.way, {})[job.seed] = json.loads(job.path.read_text("utf-8"))
    seeds = [set(each) for way, each in runs.items() if way in ALL_WAYS]
    common = set.intersection(*seeds) if seeds else set()
    return {
        way: [each[seed] for seed in sorted(each) if seed in common or way not in ALL_WAYS]
        for way, each in runs.items()
        if common or way not in ALL_WAYS
    }


def report(corpus: Corpus, results: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Of a corpus the scores of each way, and the gains of COMPARED."""
    keys = [task.key for task in corpus.own]
    scores = {}
    for way, runs in results.items():
        rows = [[run["test"][key] for key in keys] for run in runs]
        table = np.array([[*row, np.mean(row)] for row in rows])  # (seeds, tasks + 1)
        scores[way] = {
            "parameters": runs[0]["parameters"], "width": runs[0]["width"],
            "rate": runs[0]["rate"], "seeds": len(runs),
            "epochs": [run["epoch"] for run in runs],
            "seconds": round(float(np.mean([run.get("seconds", 0) for run in runs])), 1),
            "mean": dict(zip([*keys, MEAN], table.mean(axis=0).tolist(), strict=True)),
            "sd": dict(zip([*keys, MEAN], table.std(axis=0).tolist(), strict=True)),
        }  # fmt: skip
        for name in ("learned", "by_alpha"):
            if any(run.get(name) for run in runs):
                scores[way][name] = [run.get(name) for run in runs]
    compared = {}
    for way, others in COMPARED.items():
        for other in others or [name for name in results if name != way]:
            if way in results and other in results:
                compared[f"{way} over {other}"] = gains(corpus, results[way], results[other])
    return {"tasks": keys, "scores": scores, "gains": compared}


def report_text(name: str, found: Mapping[str, Any]) -> str:
    """A report as Markdown: macro-F1 in percent, gains in points."""
    columns = [*found["tasks"], MEAN]
    lines = [
        f"## {name}", "",
        "| sharing | parameters | learning rate | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 3) + "|",
    ]  # fmt: skip
    for way, row in found["scores"].items():
        cells = [f"{100 * row['mean'][key]:.1f} ± {100 * row['sd'][key]:.1f}" for key in columns]
        lines.append(f"| {way} | {row['parameters']:,} | {row['rate']:g} | {' | '.join(cells)} |")
    lines += ["", "| over | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for pair, row in found["gains"].items():
        cells = [
            f"{100 * row[key]['gain']:+.1f} [{100 * row[key]['low']:+.1f},"
            f" {100 * row[key]['high']:+.1f}]"
            for key in columns
        ]
        lines.append(f"| {pair} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("releases", type=Path)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--corpora", nargs="*")
    options.add_argument("--ways", nargs="*", default=[BASELINE, REGRESSION, *WAYS],
                         choices=[BASELINE, REGRESSION, *ALL_WAYS])  # fmt: skip
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--epochs", type=int, default=RECIPE.epochs)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--modalities", nargs="*", default=["text", "audio"])
    options.add_argument("--minutes", type=float, default=0.0, help="after which no run begins")
    chosen = options.parse_args()
    names = chosen.corpora or sorted(
        each.name for each in chosen.releases.iterdir() if (each / "manifest.json").exists()
    )
    until = time.time() + 60 * chosen.minutes if chosen.minutes else 0.0
    modalities = tuple(chosen.modalities)
    networks = [way for way in chosen.ways if way in ALL_WAYS]
    apart = [way for way in chosen.ways if way not in ALL_WAYS]
    if "audio" not in modalities and REGRESSION in apart:
        apart.remove(REGRESSION)

    def job(corpus: str, way: str, rate: float, seed: int) -> Job:
        return Job(corpus, way, rate, seed, chosen.releases, chosen.out, modalities,
                   chosen.epochs, until)  # fmt: skip

    with ProcessPoolExecutor(chosen.jobs, multiprocessing.get_context("spawn")) as pool:
        tuning = [
            job(name, way, rate, TUNING_SEED)
            for name in names for way in networks for rate in LEARNING_RATES
        ]  # fmt: skip
        plain = [job(name, way, 0.0, 1) for name in names for way in apart]
        for line in pool.map(do, [*plain, *tuning]):
            print(line, flush=True)
        rates = chosen_rates(tuning)
        final = [
            job(name, way, rates[name, way], seed)
            for seed in range(1, chosen.seeds + 1) for name in names for way in networks
            if (name, way) in rates
        ]  # fmt: skip
        for line in pool.map(do, final):
            print(line, flush=True)
    found, text = {}, []
    for name in names:
        results = read_results([each for each in [*plain, *final] if each.corpus == name])
        found[name] = report(open_corpus(chosen.releases / name, modalities), results)
        text.append(report_text(name, found[name]))
    settings = {"recipe": asdict(RECIPE), "modalities": modalities, "rates": LEARNING_RATES}
    everything = {"settings": settings, "corpora": found}
    (chosen.out / "report.json").write_text(json.dumps(everything, ensure_ascii=False), "utf-8")
    (chosen.out / "report.md").write_text("\n".join(text), "utf-8")


if __name__ == "__main__":
    main()
