"""Trains on a release directory: features, train, evaluate, predict, compare and more."""

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

import torch
from safetensors import SafetensorError
from torch import OutOfMemoryError

from modeling.learner import (
    ablation,
    correlation_validity,
    evaluation_tables,
    recipes,
    seed_statistics,
    sharing_benchmark,
    significance,
)
from modeling.learner.argument_parser import (
    MAX_CHECKPOINT_SECONDS,
    MAX_SEEDS,
    Parser,
    file_path,
    part_of_total,
    real_number,
    whole_number,
)
from modeling.learner.error_messages import display_value
from modeling.learner.evaluation import evaluate
from modeling.learner.experiments.report import figures as experiment_figures
from modeling.learner.experiments.report import missing_runs, summary_text, write_report
from modeling.learner.experiments.results import collect
from modeling.learner.experiments.runner import Runner, run_in_parts
from modeling.learner.experiments.specification import ExperimentError, load_experiment
from modeling.learner.features.extraction import Extractors, extract_all, write_clip_features
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.feature_files import KINDS, read_tables
from modeling.learner.features.imported import Match, write_features
from modeling.learner.features.language_model import LANGUAGES, Judge, LanguageModel, judge_release
from modeling.learner.inference import predict
from modeling.learner.numeric_checks import NonFiniteError
from modeling.learner.path_checks import (
    OptionError,
    check_release_directory,
    check_writable_directory,
    check_writable_file,
)
from modeling.learner.pipeline import CHECKPOINT_SECONDS, choose_device, train
from modeling.learner.recipe_checks import check_encoders, check_trainable
from modeling.learner.recipes import RecipeError
from modeling.learner.release import Release, ReleaseError, Splits
from modeling.learner.release_checks import open_release
from modeling.learner.run_directory import RUN_FILES, RunDirectory, RunError, find_runs
from modeling.learner.stop_signal import Interrupted, StopSignal
from modeling.learner.synthetic_data import RELATED, USUAL, Regime
from modeling.learner.tensorboard import TensorBoardWriter

RESUMABLE, REFUSED, INTERRUPTED = 75, 2, 130
MAX_PATH_CHARACTERS = 200  # of a path in a message, from which on it is cut
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
Options = argparse.Namespace


def build_parser() -> Parser:
    """The commands with their options; options that earlier versions had under another name are
    still taken.
    """
    top = Parser(prog="python -m modeling.learner", description=__doc__)
    commands = top.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Options], int], description: str) -> Parser:
        parser: Parser = commands.add_parser(name, help=description, description=description)
        parser.set_defaults(run=run, parser=parser)
        if name not in ("measure", "planted", "experiment"):
            parser.add_argument("release", type=file_path, help="a release directory")
        if name != "measure":
            parser.add_argument("--json", action="store_true", help="print the results as JSON")
        return parser

    def add_device(parser: Parser, cached: bool = True) -> None:
        parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
        if cached:
            words = "where features are kept between runs"
            parser.add_argument("--cache", type=file_path, help=words)
        parser.add_argument(
            "--exit-with-parent", "--leashed", action="store_true",
            help="end when standard input closes",
        )  # fmt: skip

    def add_recipe(parser: Parser) -> None:
        parser.add_argument("--recipe", default="hard-small", help="a name or a JSON file")
        add_device(parser)

    seed_count = whole_number(1, MAX_SEEDS)
    run_or_seeds = "the directory of a run or its seeds"

    parser = command("features", extract_features, "extract features ahead of training")
    add_recipe(parser)
    parser.add_argument(
        "--part", type=part_of_total, default=(1, 1), help="K/N: every N-th dialogue from the K-th"
    )
    parser.add_argument("--on-failure", choices=["fail", "missing"], default="fail")

    parser = command("import", import_features, "features computed elsewhere, for a release")
    parser.add_argument("file", type=file_path, help=", ".join(KINDS))
    parser.add_argument("--out", type=file_path, required=True, help="the directory to write")
    parser.add_argument("--modality", default="", choices=["", *recipes.MODALITIES])
    parser.add_argument("--ids", type=file_path, help="the utterances of the rows of an array")
    parser.add_argument("--name", default="", help="what pages and files call them")
    parser.add_argument("--rate", type=real_number(0.001, 1e6), help="frames a second")

    parser = command("judge", judge_utterances, "ask a language model how likely each value is")
    parser.add_argument("--model", type=file_path, required=True, help="the directory of a model")
    parser.add_argument("--out", type=file_path, required=True, help="the directory to write")
    parser.add_argument("--language", choices=LANGUAGES, default=Judge.language, help="of prompts")
    parser.add_argument("--turns", type=whole_number(0, 100), default=Judge.turns,
                        help="of the dialogue before an utterance")  # fmt: skip
    parser.add_argument("--shots", type=whole_number(0, 100), default=Judge.shots,
                        help="examples of the train set")  # fmt: skip
    parser.add_argument("--seed", type=whole_number(*recipes.SEEDS), default=Judge.seed)
    parser.add_argument("--half", action="store_true", help="compute in 16 bits")
    add_device(parser, cached=False)

    parser = command("train", train_runs, "train a recipe, or resume from its checkpoint")
    add_recipe(parser)
    parser.add_argument("--out", type=file_path, required=True, help="the directory of the run")
    parser.add_argument("--seed", type=whole_number(*recipes.SEEDS), default=1)
    parser.add_argument("--seeds", type=seed_count, help="seeds 1 to so many, each in OUT/seed-N")
    seconds = real_number(0, MAX_CHECKPOINT_SECONDS)
    parser.add_argument("--keep-every", type=seconds, default=CHECKPOINT_SECONDS, metavar="SECONDS")
    parser.add_argument(
        "--restart", "--anew", action="store_true", help="forget what the directory holds"
    )
    parser.add_argument("--tensorboard", action="store_true", help="write OUT/tensorboard, too")
    parser.add_argument(
        "--deterministic", action="store_true", help="the same bits on a GPU, slower"
    )

    parser = command(
        "evaluate", evaluate_runs, "evaluate on the held-out test set, which is counted"
    )
    parser.add_argument("--out", type=file_path, required=True, help=run_or_seeds)
    parser.add_argument("--split", default="held-out", help="another split by its name")
    parser.add_argument("--latex", type=file_path, help="write a table there")
    add_device(parser)

    parser = command("predict", predict_rows, "predict every utterance of any release")
    parser.add_argument("--out", type=file_path, required=True, help="the directory of the run")
    parser.add_argument(
        "--to", type=file_path, required=True, help="the file of JSON lines to write"
    )
    parser.add_argument("--split", default="", help="of this split only")
    add_device(parser)

    parser = command("compare", compare_two, "what one evaluated run gains over another, with p")
    parser.add_argument("one", type=file_path, help=run_or_seeds)
    parser.add_argument("other", type=file_path)
    parser.add_argument(
        "--validation", "--selection", action="store_true", help="on the validation set"
    )

    parser = command("ablate", ablate_recipe, "train a recipe without each of its parts, one table")
    add_recipe(parser)
    parser.add_argument("--out", type=file_path, required=True)
    parser.add_argument("--seeds", type=seed_count, default=1)
    parser.add_argument(
        "--held-out", "--sealed", action="store_true",
        help="evaluate on the held-out test set, which is counted, not on the validation set",
    )  # fmt: skip

    parser = command(
        "experiment", run_experiment, "train and test what a file describes, and report it"
    )
    parser.add_argument("file", type=file_path, help="TOML: see specification.py")
    parser.add_argument("--out", type=file_path, required=True, help="where runs and report go")
    parser.add_argument(
        "--jobs", type=whole_number(1, 1000), default=1, help="how many processes at once"
    )
    parser.add_argument(
        "--part", type=part_of_total, default=(1, 1), help="K/N: of the runs, without the report"
    )
    parser.add_argument("--report", action="store_true", help="only report what is done")
    parser.add_argument(
        "--no-report", action="store_true",
        help="only do the runs; what cannot be done is no error here but one of the report",
    )  # fmt: skip
    add_device(parser)

    command("validity", check_correlations, "whether the correlation labels are informative")
    command(
        "measure", write_features_of_clips,
        'read lines {"clip": PATH, "out": PATH}, write features, answer ok or what is wrong',
    )  # fmt: skip
    parser = command("planted", run_sharing_benchmark, "compare ways of sharing on synthetic data")
    parser.add_argument("--seeds", type=seed_count, default=5, help="how many")
    first = whole_number(1, 100_000)
    parser.add_argument("--first-seed", type=first, default=1, help="the first of them")
    parser.add_argument("--sharing", nargs="*", default=[], choices=list(sharing_benchmark.METHODS))
    parser.add_argument(
        "--relations",
        choices=list(RELATED),
        default=USUAL.relations,
        help="what the relations between tasks do",
    )
    parser.add_argument(
        "--noise", type=real_number(0, 100), default=USUAL.noise, help="its standard deviation"
    )
    parser.add_argument(
        "--train-dialogues",
        type=whole_number(1, 100_000),
        default=USUAL.train_dialogues,
        help="how many",
    )
    parser.add_argument(
        "--jobs", type=whole_number(1, 1000), default=1, help="how many runs at once"
    )
    return top


def extract_features(options: Options) -> int:
    """The command `features`; REFUSED where some failed and none may be missing."""
    cache = options.cache or Path("features")
    release = _open_release(options, cache=cache)
    recipe, (number, of) = recipes.load_recipe(options.recipe), options.part
    check_encoders(recipe, release.dialogues)
    dialogues, stop = release.dialogues[number - 1 :: of], StopSignal()

    def progress(done: int, total: int) -> None:
        stop.check()
        _print_line(json.dumps({"event": "features", "done": done, "total": total}), options.json)

    extractors = Extractors.of(recipe, choose_device(options.device))
    _, failures = extract_all(dialogues, cache, extractors, progress, "missing")
    summary = {
        "event": "measured",
        "dialogues": len(dialogues),
        "failures": [vars(failure) for failure in failures],
    }
    _print_line(json.dumps(summary), options.json)
    for failure in failures:
        print(f"{failure.modality}: {failure.reason}", file=sys.stderr)  # noqa: T201
    return REFUSED if failures and options.on_failure == "fail" else 0


def import_features(options: Options) -> int:
    """The command `import`: a directory of each modality of the file, under its name where there
    are several.
    """
    release = _open_release(options, out=options.out)
    for path in filter(None, (options.file, options.ids)):
        if not path.is_file():
            raise OptionError(f"{path} is no file.")
    tables = read_tables(options.file, options.modality, options.ids)
    if not tables:
        raise OptionError(f"{options.file} has nothing of {options.modality}.")
    utterances = [u.id for dialogue in release.dialogues for u in dialogue.utterances]
    places = [options.out / each.modality if len(tables) > 1 else options.out for each in tables]
    matches = [Match.of(each, utterances) for each in tables]
    for place, match, table in zip(places, matches, tables, strict=True):
        if place.exists():
            raise OptionError(f"--out: {place} exists already; name another directory.")
        if not match.matched:
            known = ", ".join(utterances[:3])
            raise OptionError(
                f"{options.file} has no utterance of the release: its ids are"
                f" {', '.join(table.ids[:3])} …, those of the release {known} …"
            )
    report = []
    for place, match, table in zip(places, matches, tables, strict=True):
        own = table.only(utterances)
        name = options.name or options.file.stem
        digest = write_features(place, own, name, options.rate, options.file.name)
        report.append({"modality": own.modality, "out": str(place), "dims": own.dims,
                       "digest": digest, **vars(match)})  # fmt: skip
    for row in report:
        text = (
            f"{row['modality']}: {row['matched']} of {len(utterances)} utterances,"
            f" {row['dims']} dimensions, in {row['out']}; {row['unknown']} of the file are none of"
            f" the release. Train with the recipe field {row['modality']}_features."
        )
        if not options.json:
            print(text)  # noqa: T201
    if options.json:
        print(json.dumps(report))  # noqa: T201
    return 0


def judge_utterances(options: Options) -> int:
    """The command `judge`: scores as features, and a recipe that reads them."""
    release = _open_release(options, out=options.out)
    if options.out.exists():
        raise OptionError(f"--out: {options.out} exists already; name another directory.")
    model = LanguageModel(options.model, choose_device(options.device), options.half)
    judge = Judge(options.language, options.turns, options.shots, options.seed)

    def progress(done: int, total: int) -> None:
        if options.json:
            print(json.dumps({"done": done, "total": total}), flush=True)  # noqa: T201
        elif done == total or not done % 100:
            print(f"utterances {done}/{total}", file=sys.stderr, flush=True)  # noqa: T201

    judged = judge_release(release, model, judge, progress)
    source = f"{options.model.name} ({model.key}), {judge}"
    features = options.out / "features"
    digest = write_features(
        features, judged.table, options.model.name, None, source, judged.columns, judged.examples
    )
    recipe = {"name": "language-model", "network": "likelihoods", "modalities": ["text"],
              "likelihoods": str(features.resolve())}  # fmt: skip
    path = options.out / "recipe.json"
    path.write_text(json.dumps(recipe, ensure_ascii=False, indent=1) + "\n", "utf-8")
    row = {"utterances": len(judged.table.ids), "examples": len(judged.examples),
           "dims": judged.table.dims, "digest": digest, "recipe": str(path)}  # fmt: skip
    text = f"{row['utterances']} utterances judged; train with --recipe {path}"
    print(json.dumps(row) if options.json else text)  # noqa: T201
    return 0


def train_runs(options: Options) -> int:
    """The command `train`: one run, or one of each seed."""
    if options.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    recipe, first = recipes.load_recipe(options.recipe), os.environ.get("RANK", "0") == "0"
    device = choose_device(options.device)
    release = _open_release(options, out=options.out, cache=_feature_cache(options))
    seeds = range(1, options.seeds + 1) if options.seeds else [options.seed]
    check_trainable(recipe, Splits.of(release, seeds[0]), release.tasks)
    if options.tensorboard and find_spec("tensorboardX") is None:
        raise OptionError("--tensorboard needs a package: pip install tensorboardX.")
    runs = []
    for seed in seeds:
        root = options.out / f"seed-{seed}" if options.seeds else options.out
        writer = TensorBoardWriter(root) if options.tensorboard else None
        run = RunDirectory(root, partial(_on_event, writer, not options.json))
        with run.exclusive() if first else nullcontext():
            try:
                results = train(
                    release, options.release, recipe, run, device, seed,
                    cache=_feature_cache(options),
                    checkpoint_seconds=options.keep_every, restart=options.restart,
                )  # fmt: skip
            except OutOfMemoryError as error:
                run.emit({"event": "refused", "reason": GPU_MEMORY})
                raise RecipeError(GPU_MEMORY) from error
            except (RecipeError, ReleaseError, FeatureError, NonFiniteError) as error:
                run.emit({"event": "refused", "reason": str(error)})
                raise
            except Interrupted:
                run.emit({"event": "stopped"})
                raise
            finally:
                if writer:
                    writer.close()
        if results:  # of several processes the first one has them
            runs.append(results)
    if options.json and runs:
        print(json.dumps(runs if options.seeds else runs[0]))  # noqa: T201
    elif runs:
        _print_seeds(runs)
    return 0


def evaluate_runs(options: Options) -> int:
    """The command `evaluate`: of a run, or of each of its seeds."""
    device, cache = choose_device(options.device), _feature_cache(options)
    runs = find_runs(options.out)
    if options.latex:
        check_writable_file("--latex", options.latex, options.release)
    release = _open_release(options, cache=cache, labels=True)
    evaluations = [
        evaluate(release, options.release, run, device, options.split, cache) for run in runs
    ]
    if options.latex:
        options.latex.write_text(evaluation_tables.latex_table(evaluations), "utf-8")
    if options.json:
        print(json.dumps(evaluations if len(evaluations) > 1 else evaluations[0]))  # noqa: T201
        return 0
    for evaluation in evaluations:
        print(evaluation_tables.evaluation_text(evaluation))  # noqa: T201
        if evaluation["held_out"]:
            count = evaluation["test_evaluations"]
            print(f"  test evaluations of this run so far: {count}")  # noqa: T201
    _print_seeds(evaluations)
    return 0


def predict_rows(options: Options) -> int:
    """The command `predict`."""
    run, device = RunDirectory(options.out), choose_device(options.device)
    cache = _feature_cache(options)
    check_writable_file("--to", options.to, options.release)
    if options.to.name in RUN_FILES and options.to.parent.resolve() == options.out.resolve():
        raise OptionError(f"--to: {options.to} is a file of the run itself; name another one.")
    release = _open_release(options, cache=cache)
    count, differences = predict(release, run, device, options.to, options.split, cache)
    summary = {"utterances": count, "written": str(options.to), "apart": differences}
    text = evaluation_tables.prediction_summary(summary)
    print(json.dumps(summary) if options.json else text)  # noqa: T201
    return 0


def compare_two(options: Options) -> int:
    """The command `compare`."""
    one, other = find_runs(options.one), find_runs(options.other)
    release = open_release(options.release, labels=not options.validation)
    role = "validation" if options.validation else "held_out"
    comparison = significance.compare_runs(release, one, other, role)
    text = significance.comparison_text(comparison, options.one.name, options.other.name)
    print(json.dumps(comparison) if options.json else text)  # noqa: T201
    return 0


def ablate_recipe(options: Options) -> int:
    """The command `ablate`."""

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    recipe, device = recipes.load_recipe(options.recipe), choose_device(options.device)
    release = _open_release(options, out=options.out, cache=options.cache or options.out)
    results = ablation.ablate(
        release, options.release, recipe, options.out, device, options.seeds, options.held_out,
        report, options.cache,
    )  # fmt: skip
    text = "\n\n".join(
        f"{name}, percent\n\n{evaluation_tables.markdown_table(results, metric)}"
        for metric, name in (("macro_f1", "macro-F1"), ("weighted_f1", "weighted F1"))
    )
    print(json.dumps(results) if options.json else text)  # noqa: T201
    return 0


def run_experiment(options: Options) -> int:
    """The command `experiment`; REFUSED where a system cannot be trained, after all others."""
    experiment = load_experiment(options.file)
    for release in filter(None, (experiment.release, experiment.test_release)):
        check_release_directory(release)
        check_writable_directory("--out", options.out, release)
    device, whole = choose_device(options.device), options.part == (1, 1)
    report = partial(_print_progress, not options.json)
    runner = Runner(experiment, options.out, device, options.cache, options.part, report)
    problems, statuses = [], []
    if not options.report:
        runner.check_directory()
    if not options.report and options.jobs > 1 and whole:
        more = ["--cache", str(options.cache)] if options.cache else []
        arguments = ["experiment", str(options.file), "--out", str(options.out), "--device",
                     options.device, *more, *(["--json"] if options.json else [])]  # fmt: skip
        statuses = [status for _, status in run_in_parts(arguments, options.jobs)]
        if RESUMABLE in statuses:
            raise Interrupted
    elif not options.report:
        problems = runner.run()
    if options.no_report:
        return 0
    if whole:
        results = collect(runner, options.out)
        write_report(results, options.out)
        problems = missing_runs(results)
        if options.json:
            print(json.dumps(experiment_figures(results)))  # noqa: T201
        else:
            print(summary_text(results, options.out))  # noqa: T201
    if problems and not options.report:
        words = f"Not all runs are done: {problems[0]}"
        return _refuse(" ".join(words.split()))
    return 0


def _print_progress(shown: bool, line: str) -> None:
    if shown:
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def check_correlations(options: Options) -> int:
    """The command `validity`."""
    report = correlation_validity.validity_report(open_release(options.release), options.release)
    text = correlation_validity.validity_text(report)
    print(json.dumps(report, indent=1) if options.json else text)  # noqa: T201
    return 0


def write_features_of_clips(options: Options) -> int:
    """The command `measure`: answers each line with "ok" or an error message, whatever it is."""
    for line in sys.stdin:
        print(_answer_line(line), flush=True)  # noqa: T201
    return 0


def _answer_line(line: str) -> str:
    try:
        request = json.loads(line)
        clip, out = Path(request["clip"]), Path(request["out"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return f'Expected {{"clip": PATH, "out": PATH}}, not {display_value(line.strip())}.'
    try:
        check_writable_file("out", out)
        write_clip_features(clip, out)
    except (FeatureError, OptionError, OSError, ValueError) as error:
        return _one_line(error)
    return "ok"


def run_sharing_benchmark(options: Options) -> int:
    """The command `planted`."""
    torch.set_num_threads(1)  # the same sums on every machine; for networks so small also faster
    first = options.first_seed
    seeds = range(first, first + options.seeds)
    regime = Regime(options.relations, options.noise, options.train_dialogues)
    return sharing_benchmark.print_comparison(
        seeds, options.sharing, regime, options.json, options.jobs
    )


GPU_MEMORY = "The GPU ran out of memory. Take fewer dialogues a batch, or the CPU."
MEMORY = "There is too little memory. Take a smaller width or fewer dialogues a batch."


def main(arguments: list[str]) -> int:
    """The exit status: 0, REFUSED with an error message on standard error, RESUMABLE where it was
    asked to stop. Raises SystemExit for options that are none.
    """
    options = build_parser().parse(arguments)
    if getattr(options, "exit_with_parent", False):
        threading.Thread(target=_exit_with_parent, daemon=True).start()
    try:
        status: int = options.run(options)
        return status
    except (
        ExperimentError,
        OptionError,
        RecipeError,
        ReleaseError,
        FeatureError,
        RunError,
        NonFiniteError,
    ) as error:
        return _refuse(_one_line(error))
    except OutOfMemoryError:
        return _refuse(GPU_MEMORY)
    except MemoryError:
        return _refuse(MEMORY)
    except (RuntimeError, SafetensorError) as error:
        if "can't allocate memory" in str(error):
            return _refuse(MEMORY)
        if isinstance(error, SafetensorError) and "I/O" in str(error):
            return _refuse(f"{options.out} cannot be written: {_one_line(error)}.")
        if cause := _failed_write(error):
            return _refuse(f"{options.out} cannot be written: {_one_line(cause)}")
        raise
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _refuse(_one_line(error))
    except ModuleNotFoundError as error:  # a wheel brings no package along
        return _refuse(f"This needs a package that is not installed: {error.name}.")
    except Interrupted:
        return RESUMABLE
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201
        return INTERRUPTED


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201
    return REFUSED


def _failed_write(error: BaseException | None) -> OSError | None:
    """The error of the operating system, where PyTorch could not write a file and hides it."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def _one_line(error: Exception) -> str:
    """The message of an error on one line."""
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        place = f"{_short(str(error.filename))}: " if error.filename else ""
        advice = " Free some space and start again." if error.errno in DISK_FULL else ""
        message = f"{place}{error.strerror}.{advice}"
    return " ".join(message.split())


def _short(name: str) -> str:
    return name if len(name) < MAX_PATH_CHARACTERS else display_value(name)


def _open_release(
    options: Options, out: Path | None = None, cache: Path | None = None, labels: bool = False
) -> Release:
    """The release that the options name, once all places are known to be writable; `labels` as in
    `open_release`.

    Raises OptionError where one is not, ReleaseError where the release is damaged.
    """
    check_release_directory(options.release)
    for option, place in (("--out", out), ("--cache", cache)):
        if place is not None:
            check_writable_directory(option, place, options.release)
    return open_release(options.release, labels)


def _exit_with_parent() -> None:
    while os.read(0, 1024):  # the raw descriptor: a buffered reader would block a normal exit
        pass
    os._exit(RESUMABLE)


def _feature_cache(options: Options) -> Path:
    """Where runs in the same directory share their features."""
    cache: Path = options.cache or options.out.parent / "features"
    return cache


def _print_line(line: str, shown: bool) -> None:
    if shown:
        print(line, flush=True)  # noqa: T201


def _on_event(writer: TensorBoardWriter | None, shown: bool, event: dict[str, Any]) -> None:
    if writer:
        writer.add(event)
    if shown:
        _print_event(event)


def _print_event(event: dict[str, Any]) -> None:
    print(_event_text(event), flush=True)  # noqa: T201


def _print_seeds(evaluations: list[dict[str, Any]]) -> None:
    """Mean and interval of several seeds."""
    if len(evaluations) < 2:
        return
    seeds, dialogues = seed_statistics.MIN_SEEDS, seed_statistics.MIN_DIALOGUES
    evaluated = seed_statistics.dialogues_evaluated(evaluations) or dialogues
    few = len(evaluations) < seeds or evaluated < dialogues
    heading = "seeds, macro-F1 with 95 % intervals, weighted F1 with its own:"
    if few:
        needed = f"an interval needs {seeds} seeds and {dialogues} dialogues"
        heading = f"seeds, macro-F1 of each, weighted F1 of each ({needed}):"
    print(f"{len(evaluations)} {heading}")  # noqa: T201
    for task, row in seed_statistics.seed_summary(evaluations).items():
        if row:
            metrics = [row[name] for name in ("macro_f1", "weighted_f1") if name in row]
            print(f"  {task}: {', '.join(map(_seeds_cell, metrics))}")  # noqa: T201


def _seeds_cell(metric: dict[str, Any]) -> str:
    """A metric's mean with its interval, or the figure of each seed where these are too few."""
    if metric["low"] is None:
        return " / ".join(f"{value:.3f}" for value in metric["values"])
    return f"{metric['mean']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}]"


def _event_text(event: dict[str, Any]) -> str:
    if event["event"] == "epoch":
        loss = "no labels" if event["loss"] is None else f"loss {event['loss']:.3f}"
        return f"epoch {event['epoch']}/{event['epochs']}: {loss}"
    if event["event"] == "features":
        return f"features {event['done']}/{event['total']}"
    if event["event"] == "fit":
        scores = event["validation_macro_f1"]
        return f"task {event['done']}/{event['total']}: {event['task']} {scores[event['task']]:.3f}"
    if event["event"] == "done":
        return evaluation_tables.evaluation_text(event)
    return json.dumps(event)
