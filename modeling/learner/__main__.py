"""Learns from a release directory: features, train, evaluate, predict, compare and more."""

import argparse
import errno
import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # encoders come from directories alone

from safetensors import SafetensorError
from torch import OutOfMemoryError as OutOfMemory

from modeling.learner import ablation, comparing, planted, recipes, tables, validity
from modeling.learner.board import Board
from modeling.learner.evaluation import evaluate, predict
from modeling.learner.features import Extractors, extract_all, measure
from modeling.learner.features.decoding import FeatureError
from modeling.learner.finite import NotFinite
from modeling.learner.fitting import Interrupted, StopSignal
from modeling.learner.opening import check_encoders, check_learnable, opened
from modeling.learner.options import (
    LONGEST_PAUSE,
    MOST_SEEDS,
    OptionError,
    Parser,
    part,
    path,
    real,
    release_directory,
    whole,
    writable_directory,
    writable_file,
)
from modeling.learner.recipes import RecipeError
from modeling.learner.release import Release, ReleaseError, Splits
from modeling.learner.rundir import FILES, RunDirectory, RunError, runs_of
from modeling.learner.training import KEEP_EVERY, choose_device, train

RESUMABLE, REFUSED, INTERRUPTED = 75, 2, 130
LONG = 200  # characters of a path from which on it is cut
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
Options = argparse.Namespace


def parser() -> Parser:
    top = Parser(prog="python -m modeling.learner", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    def verb(name: str, run: Callable[[Options], int], words: str) -> Parser:
        made: Parser = verbs.add_parser(name, help=words, description=words)
        made.set_defaults(run=run, parser=made)
        if name not in ("measure", "planted"):
            made.add_argument("release", type=path, help="a release directory")
        if name != "measure":
            made.add_argument("--json", action="store_true", help="print the results as JSON")
        return made

    def runs(made: Parser) -> None:
        made.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
        made.add_argument("--cache", type=path, help="where features are kept between runs")
        made.add_argument("--leashed", action="store_true", help="end when standard input closes")

    def trains(made: Parser) -> None:
        made.add_argument("--recipe", default="hard-small", help="a name or a JSON file")
        runs(made)

    several = whole(1, MOST_SEEDS)
    made = verb("features", features, "measure clips and texts before they are learned from")
    trains(made)
    made.add_argument(
        "--part", type=part, default=(1, 1), help="K/N: every N-th dialogue from the K-th"
    )
    made.add_argument("--on-failure", choices=["fail", "missing"], default="fail")

    made = verb("train", train_runs, "train a recipe, or go on where its checkpoint is")
    trains(made)
    made.add_argument("--out", type=path, required=True, help="the directory of the run")
    made.add_argument("--seed", type=whole(*recipes.SEEDS), default=1)
    made.add_argument("--seeds", type=several, help="seeds 1 to so many, each in OUT/seed-N")
    pause = real(0, LONGEST_PAUSE)
    made.add_argument("--keep-every", type=pause, default=KEEP_EVERY, metavar="SECONDS")
    made.add_argument("--anew", action="store_true", help="forget what the directory holds")
    made.add_argument("--tensorboard", action="store_true", help="write OUT/tensorboard, too")
    made.add_argument("--deterministic", action="store_true", help="the same bits on a GPU, slower")

    made = verb("evaluate", evaluate_runs, "look at the sealed split; every look is counted")
    made.add_argument("--out", type=path, required=True, help="the directory of a run or its seeds")
    made.add_argument("--split", default="sealed")
    made.add_argument("--latex", type=path, help="write a table there")
    runs(made)

    made = verb("predict", predict_rows, "what a run says of every utterance of any release")
    made.add_argument("--out", type=path, required=True, help="the directory of the run")
    made.add_argument("--to", type=path, required=True, help="the file of JSON lines to write")
    made.add_argument("--split", default="", help="of these dialogues only")
    runs(made)

    made = verb("compare", compare_runs, "what one evaluated run gains over another, and how sure")
    made.add_argument("one", type=path, help="the directory of a run or its seeds")
    made.add_argument("other", type=path)
    made.add_argument("--selection", action="store_true", help="on what chose the epochs, no look")

    made = verb("ablate", ablate_recipe, "what each part of a recipe is worth, as one table")
    trains(made)
    made.add_argument("--out", type=path, required=True)
    made.add_argument("--seeds", type=several, default=1)
    made.add_argument("--sealed", action="store_true", help="on the sealed split; looks count")

    made = verb("baseline", baseline, "TF-IDF of characters and logistic regression, evaluated")
    made.add_argument("--out", type=path, required=True)

    verb("validity", check_relations, "whether the correlations of a release say anything")
    verb("measure", measure_all, 'reads lines {"clip": PATH, "out": PATH}, answers each with ok')
    made = verb("planted", planted_table, "ways of sharing on data whose relations are known")
    made.add_argument("--seeds", type=several, default=5)
    made.add_argument("--sharing", nargs="*", default=[], choices=list(planted.WAYS))
    return top


def features(options: Options) -> int:
    cache = options.cache or Path("features")
    release = _release(options, cache=cache)
    recipe, (number, of) = recipes.find(options.recipe), options.part
    check_encoders(recipe, release.dialogues)
    mine, stop = release.dialogues[number - 1 :: of], StopSignal()

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
    device = choose_device(options.device)
    release = _release(options, out=options.out, cache=_cache(options))
    seeds = range(1, options.seeds + 1) if options.seeds else [options.seed]
    check_learnable(recipe, Splits.of(release, seeds[0]), release.tasks)
    if options.tensorboard and find_spec("tensorboardX") is None:
        raise OptionError("--tensorboard needs a package: pip install tensorboardX.")
    found = []
    for seed in seeds:
        root = options.out / f"seed-{seed}" if options.seeds else options.out
        board = Board(root) if options.tensorboard else None
        run = RunDirectory(root, partial(_heard, board, not options.json))
        with run.alone() if first else nullcontext():
            try:
                results = train(
                    release, options.release, recipe, run, device, seed,
                    cache=_cache(options),
                    keep_every=options.keep_every, anew=options.anew,
                )  # fmt: skip
            except OutOfMemory as error:
                run.emit({"event": "refused", "reason": GPU_FULL})
                raise RecipeError(GPU_FULL) from error
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
    device, cache, runs = choose_device(options.device), _cache(options), runs_of(options.out)
    if options.latex:
        writable_file("--latex", options.latex, options.release)
    release = _release(options, cache=cache, labels=True)
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
    run, device, cache = RunDirectory(options.out), choose_device(options.device), _cache(options)
    writable_file("--to", options.to, options.release)
    if options.to.name in FILES and options.to.parent.resolve() == options.out.resolve():
        raise OptionError(f"--to: {options.to} is a file of the run itself; name another one.")
    release = _release(options, cache=cache)
    count, apart = predict(release, run, device, options.to, options.split, cache)
    told = {"utterances": count, "written": str(options.to), "apart": apart}
    print(json.dumps(told) if options.json else tables.predicted(told))  # noqa: T201
    return 0


def compare_runs(options: Options) -> int:
    one, other = runs_of(options.one), runs_of(options.other)
    where = "selection" if options.selection else "sealed"
    found = comparing.compare(
        opened(options.release, labels=not options.selection), one, other, where
    )
    words = comparing.in_words(found, options.one.name, options.other.name)
    print(json.dumps(found) if options.json else words)  # noqa: T201
    return 0


def ablate_recipe(options: Options) -> int:
    def said(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    recipe, device = recipes.find(options.recipe), choose_device(options.device)
    release = _release(options, out=options.out, cache=options.cache or options.out)
    found = ablation.ablate(
        release, options.release, recipe, options.out, device, options.seeds, options.sealed, said,
        options.cache,
    )  # fmt: skip
    words = "\n\n".join(
        f"{name}, percent\n\n{tables.markdown(found, metric)}"
        for metric, name in (("macro_f1", "macro-F1"), ("weighted_f1", "weighted F1"))
    )
    print(json.dumps(found) if options.json else words)  # noqa: T201
    return 0


def baseline(options: Options) -> int:
    from modeling.learner import classical  # brings scikit-learn along

    release = _release(options, out=options.out, labels=True)
    evaluation = classical.evaluate(release, options.release, options.out)
    print(json.dumps(evaluation) if options.json else tables.text(evaluation))  # noqa: T201
    return 0


def check_relations(options: Options) -> int:
    found = validity.report(opened(options.release), options.release)
    print(json.dumps(found, indent=1) if options.json else validity.table(found))  # noqa: T201
    return 0


def measure_all(options: Options) -> int:
    """An answer a line, "ok" or a sentence, whatever the line is."""
    for line in sys.stdin:
        print(_measured(line), flush=True)  # noqa: T201
    return 0


def _measured(line: str) -> str:
    try:
        asked = json.loads(line)
        clip, out = Path(asked["clip"]), Path(asked["out"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return f'Expected {{"clip": PATH, "out": PATH}}, not {recipes.shown(line.strip())}.'
    try:
        writable_file("out", out)
        measure(clip, out)
    except (FeatureError, OptionError, OSError, ValueError) as error:
        return _one_line(error)
    return "ok"


def planted_table(options: Options) -> int:
    return planted.main(options.seeds, options.sharing, options.json)


GPU_FULL = "The GPU ran out of memory. Take fewer dialogues a batch, or the CPU."
FULL_MEMORY = "There is too little memory. Take a smaller width or fewer dialogues a batch."


def main(arguments: list[str]) -> int:
    """The exit status: 0, REFUSED with a sentence on standard error, RESUMABLE where it was asked
    to stop. Raises SystemExit for options that are none.
    """
    options = parser().parse(arguments)
    if getattr(options, "leashed", False):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        status: int = options.run(options)
        return status
    except (OptionError, RecipeError, ReleaseError, FeatureError, RunError, NotFinite) as error:
        return _refused(_one_line(error))
    except OutOfMemory:
        return _refused(GPU_FULL)
    except MemoryError:
        return _refused(FULL_MEMORY)
    except (RuntimeError, SafetensorError) as error:
        if "can't allocate memory" in str(error):
            return _refused(FULL_MEMORY)
        if isinstance(error, SafetensorError) and "I/O" in str(error):
            return _refused(f"{options.out} cannot be written: {_one_line(error)}.")
        if cause := _failed_write(error):
            return _refused(f"{options.out} cannot be written: {_one_line(cause)}")
        raise
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _refused(_one_line(error))
    except ModuleNotFoundError as error:  # a wheel brings no package along
        return _refused(f"This needs a package that is not installed: {error.name}.")
    except Interrupted:
        return RESUMABLE
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201
        return INTERRUPTED


def _refused(words: str) -> int:
    print(words, file=sys.stderr)  # noqa: T201
    return REFUSED


def _failed_write(error: BaseException | None) -> OSError | None:
    """What the system said, where PyTorch could not write a file and says something else."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def _one_line(error: Exception) -> str:
    """What an error says, as one sentence on one line."""
    words = str(error)
    if isinstance(error, OSError) and error.strerror:
        place = f"{_short(str(error.filename))}: " if error.filename else ""
        advice = " Free some space and start again." if error.errno in FULL else ""
        words = f"{place}{error.strerror}.{advice}"
    return " ".join(words.split())


def _short(name: str) -> str:
    return name if len(name) < LONG else recipes.shown(name)


def _release(
    options: Options, out: Path | None = None, cache: Path | None = None, labels: bool = False
) -> Release:
    """The release that the options name, once all places are known to be writable; `labels` as in
    `opened`.

    Raises OptionError where one is not, ReleaseError where the release is damaged.
    """
    release_directory(options.release)
    for option, place in (("--out", out), ("--cache", cache)):
        if place is not None:
            writable_directory(option, place, options.release)
    return opened(options.release, labels)


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
