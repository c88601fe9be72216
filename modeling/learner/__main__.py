"""Learns from a release directory: features, train, evaluate, predict, compare and more."""

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # encoders come from directories alone

from torch import OutOfMemoryError as OutOfMemory

from modeling.learner import ablation, comparing, planted, recipes, tables, validity
from modeling.learner.board import Board
from modeling.learner.evaluation import evaluate, predict
from modeling.learner.features import Extractors, extract_all, guard, measure
from modeling.learner.features.decoding import FeatureError
from modeling.learner.finite import NotFinite
from modeling.learner.fitting import Interrupted, StopSignal
from modeling.learner.recipes import RecipeError
from modeling.learner.release import ReleaseError, load
from modeling.learner.rundir import RunDirectory, RunError, runs_of
from modeling.learner.training import KEEP_EVERY, choose_device, train

RESUMABLE, REFUSED = 75, 2
Options = argparse.Namespace


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m modeling.learner", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)

    def verb(name: str, run: Callable[[Options], int], words: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=words, description=words)
        made.set_defaults(run=run)
        if name not in ("measure", "planted"):
            made.add_argument("release", type=Path, help="a release directory")
        if name != "measure":
            made.add_argument("--json", action="store_true", help="print the results as JSON")
        return made

    def runs(made: argparse.ArgumentParser) -> None:
        made.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
        made.add_argument("--cache", type=Path, help="where features are kept between runs")
        made.add_argument("--leashed", action="store_true", help="end when standard input closes")

    def trains(made: argparse.ArgumentParser) -> None:
        made.add_argument("--recipe", default="hard-small", help="a name or a JSON file")
        runs(made)

    made = verb("features", features, "measure clips and texts before they are learned from")
    trains(made)
    made.add_argument("--part", default="1/1", help="K/N: every N-th dialogue from the K-th")
    made.add_argument("--on-failure", choices=["fail", "missing"], default="fail")

    made = verb("train", train_runs, "train a recipe, or go on where its checkpoint is")
    trains(made)
    made.add_argument("--out", type=Path, required=True, help="the directory of the run")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--seeds", type=int, help="seeds 1 to so many, each in OUT/seed-N")
    made.add_argument("--keep-every", type=float, default=KEEP_EVERY, metavar="SECONDS")
    made.add_argument("--anew", action="store_true", help="forget what the directory holds")
    made.add_argument("--tensorboard", action="store_true", help="write OUT/tensorboard, too")
    made.add_argument("--deterministic", action="store_true", help="the same bits on a GPU, slower")

    made = verb("evaluate", evaluate_runs, "look at the sealed split; every look is counted")
    made.add_argument("--out", type=Path, required=True, help="the directory of a run or its seeds")
    made.add_argument("--split", default="sealed")
    made.add_argument("--latex", type=Path, help="write a table there")
    runs(made)

    made = verb("predict", predict_rows, "what a run says of every utterance of any release")
    made.add_argument("--out", type=Path, required=True, help="the directory of the run")
    made.add_argument("--to", type=Path, required=True, help="the file of JSON lines to write")
    made.add_argument("--split", default="", help="of these dialogues only")
    runs(made)

    made = verb("compare", compare_runs, "what one evaluated run gains over another, and how sure")
    made.add_argument("one", type=Path, help="the directory of a run or its seeds")
    made.add_argument("other", type=Path)
    made.add_argument("--selection", action="store_true", help="on what chose the epochs, no look")

    made = verb("ablate", ablate_recipe, "what each part of a recipe is worth, as one table")
    trains(made)
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--seeds", type=int, default=1)
    made.add_argument("--sealed", action="store_true", help="on the sealed split; looks count")

    made = verb("baseline", baseline, "TF-IDF of characters and logistic regression, evaluated")
    made.add_argument("--out", type=Path, required=True)

    verb("validity", check_relations, "whether the correlations of a release say anything")
    verb("measure", measure_all, 'reads lines {"clip": PATH, "out": PATH}, answers each with ok')
    made = verb("planted", planted_table, "ways of sharing on data whose relations are known")
    made.add_argument("--seeds", type=int, default=5)
    made.add_argument("--sharing", nargs="*", default=[], choices=list(planted.WAYS))
    return top


def features(options: Options) -> int:
    release = load(options.release)
    recipe = recipes.find(options.recipe)
    number, of = (int(each) for each in options.part.split("/"))
    if not 1 <= number <= of:
        raise RecipeError(f"--part is K/N with K from 1 to N, not {options.part}.")
    guard(recipe, release.dialogues)
    mine, stop = release.dialogues[number - 1 :: of], StopSignal()
    cache = options.cache or Path("features")

    def progress(done: int, total: int) -> None:
        stop.check()
        _say(json.dumps({"event": "features", "done": done, "total": total}), options.json)

    extractors = Extractors.of(recipe, choose_device(options.device))
    _, failures = extract_all(mine, cache, extractors, progress, "missing")
    told = {"event": "measured", "dialogues": len(mine), "failures": [vars(f) for f in failures]}
    _say(json.dumps(told), options.json)
    for failure in failures:
        print(f"{failure.modality}: {failure.reason}", file=sys.stderr)  # noqa: T201
    return REFUSED if failures and options.on_failure == "fail" else 0


def train_runs(options: Options) -> int:
    if options.deterministic:
        import torch

        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    recipe, first = recipes.find(options.recipe), os.environ.get("RANK", "0") == "0"
    seeds = range(1, options.seeds + 1) if options.seeds else [options.seed]
    found = []
    for seed in seeds:
        root = options.out / f"seed-{seed}" if options.seeds else options.out
        board = Board(root) if options.tensorboard else None
        run = RunDirectory(root, partial(_heard, board, not options.json))
        with run.alone() if first else nullcontext():
            try:
                results = train(
                    load(options.release), options.release, recipe, run,
                    choose_device(options.device), seed,
                    cache=_cache(options),
                    keep_every=options.keep_every, anew=options.anew,
                )  # fmt: skip
            except OutOfMemory as error:
                words = "The GPU ran out of memory. Take fewer dialogues a batch, or the CPU."
                run.emit({"event": "refused", "reason": words})
                raise RecipeError(words) from error
            except (RecipeError, ReleaseError, FeatureError, NotFinite) as error:
                run.emit({"event": "refused", "reason": str(error)})
                raise
            except Interrupted:
                run.emit({"event": "stopped"})
                raise
            finally:
                if board:
                    board.close()
        if results:  # of several processes the first one has them
            found.append(results)
    if options.json and found:
        print(json.dumps(found if options.seeds else found[0]))  # noqa: T201
    elif found:
        _seeds(found)
    return 0


def evaluate_runs(options: Options) -> int:
    release, device = load(options.release), choose_device(options.device)
    cache, runs = _cache(options), runs_of(options.out)
    found = [evaluate(release, options.release, r, device, options.split, cache) for r in runs]
    if options.latex:
        options.latex.write_text(tables.latex(found), "utf-8")
    if options.json:
        print(json.dumps(found if len(found) > 1 else found[0]))  # noqa: T201
        return 0
    for evaluation in found:
        print(tables.text(evaluation))  # noqa: T201
        if evaluation["sealed"]:
            print(f"  looks of this run at a sealed split: {evaluation['looks']}")  # noqa: T201
    _seeds(found)
    return 0


def predict_rows(options: Options) -> int:
    run, device = RunDirectory(options.out), choose_device(options.device)
    release, cache = load(options.release), _cache(options)
    count = predict(release, run, device, options.to, options.split, cache)
    told = {"utterances": count, "written": str(options.to)}
    print(json.dumps(told) if options.json else f"{count} utterances in {options.to}")  # noqa: T201
    return 0


def compare_runs(options: Options) -> int:
    one, other = runs_of(options.one), runs_of(options.other)
    where = "selection" if options.selection else "sealed"
    found = comparing.compare(load(options.release), one, other, where)
    words = comparing.in_words(found, options.one.name, options.other.name)
    print(json.dumps(found) if options.json else words)  # noqa: T201
    return 0


def ablate_recipe(options: Options) -> int:
    def said(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    found = ablation.ablate(
        load(options.release), options.release, recipes.find(options.recipe), options.out,
        choose_device(options.device), options.seeds, options.sealed, said, options.cache,
    )  # fmt: skip
    words = "\n\n".join(
        f"{name}, percent\n\n{tables.markdown(found, metric)}"
        for metric, name in (("macro_f1", "macro-F1"), ("weighted_f1", "weighted F1"))
    )
    print(json.dumps(found) if options.json else words)  # noqa: T201
    return 0


def baseline(options: Options) -> int:
    from modeling.learner import classical  # brings scikit-learn along

    evaluation = classical.evaluate(load(options.release), options.release, options.out)
    print(json.dumps(evaluation) if options.json else tables.text(evaluation))  # noqa: T201
    return 0


def check_relations(options: Options) -> int:
    found = validity.report(load(options.release), options.release)
    print(json.dumps(found, indent=1) if options.json else validity.table(found))  # noqa: T201
    return 0


def measure_all(options: Options) -> int:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            measure(Path(asked["clip"]), Path(asked["out"]))
            print("ok", flush=True)  # noqa: T201
        except FeatureError as error:
            print(error, flush=True)  # noqa: T201
    return 0


def planted_table(options: Options) -> int:
    return planted.main(options.seeds, options.sharing, options.json)


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    if getattr(options, "leashed", False):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        status: int = options.run(options)
        return status
    except (RecipeError, ReleaseError, FeatureError, RunError, NotFinite) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return REFUSED
    except Interrupted:
        return RESUMABLE


def _end_with_parent() -> None:
    while os.read(0, 1024):  # the raw descriptor: a buffered reader would block a normal exit
        pass
    os._exit(RESUMABLE)


def _cache(options: Options) -> Path:
    """Where runs that lie side by side share what was measured."""
    cache: Path = options.cache or options.out.parent / "features"
    return cache


def _say(line: str, shown: bool) -> None:
    if shown:
        print(line, flush=True)  # noqa: T201


def _heard(board: Board | None, shown: bool, event: dict[str, Any]) -> None:
    if board:
        board.hear(event)
    if shown:
        _tell(event)


def _tell(event: dict[str, Any]) -> None:
    print(_sentence(event), flush=True)  # noqa: T201


def _seeds(found: list[dict[str, Any]]) -> None:
    """Mean and interval of several seeds."""
    if len(found) < 2:
        return
    print(f"{len(found)} seeds, macro-F1 with 95 % intervals, weighted F1 with its own:")  # noqa: T201
    for task, row in comparing.summary(found).items():
        if row:
            told = [row[name] for name in ("macro_f1", "weighted_f1") if name in row]
            cells = [f"{r['mean']:.3f} [{r['low']:.3f}, {r['high']:.3f}]" for r in told]
            print(f"  {task}: {', '.join(cells)}")  # noqa: T201


def _sentence(event: dict[str, Any]) -> str:
    if event["event"] == "epoch":
        loss = "no labels" if event["loss"] is None else f"loss {event['loss']:.3f}"
        return f"epoch {event['epoch']}/{event['epochs']}: {loss}"
    if event["event"] == "features":
        return f"features {event['done']}/{event['total']}"
    if event["event"] == "done":
        return tables.text(event)
    return json.dumps(event)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
