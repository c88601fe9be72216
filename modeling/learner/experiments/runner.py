"""Trains and tests what an experiment asks for, and what of that is not done yet.

OUT/experiment.json                    what the runs are of; a file that says otherwise is refused
OUT/runs/SYSTEM/FOLD/trial-N           a trial of the tuning, trained and never tested
OUT/runs/SYSTEM/FOLD/tuning.json       which trial was best on the validation set
OUT/runs/SYSTEM/FOLD/seed-N            a run that is reported; share-S/seed-N on less training data
OUT/parts/K-of-N.json                  how far a part of the work is: see PartProgress

Every run is a run directory, resumes by itself, and is left alone once it is tested. Several
processes, also on several machines that share OUT, each take a part of the work.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from modeling.learner.evaluation import evaluate
from modeling.learner.evaluation_tables import mean_macro_f1, mean_text
from modeling.learner.experiments.folds import Fold, make_folds, shrink
from modeling.learner.experiments.robustness import FILE, evaluate_robustness
from modeling.learner.experiments.specification import Experiment, System
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.numeric_checks import NonFiniteError
from modeling.learner.pipeline import train
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.release import ReleaseError, Splits
from modeling.learner.release_checks import open_release
from modeling.learner.run_directory import RunDirectory, RunError, is_same
from modeling.learner.stop_signal import Interrupted

Report = Callable[[str], None]
NOTE = "experiment.json"
FAILURE = "failure.json"  # why a system cannot be trained in a fold
PROBLEMS = (RecipeError, ReleaseError, FeatureError, NonFiniteError)  # that are one system's own
PARTS = "parts"  # directory of the progress of each part
FIRST_DRAWS = 1000  # at most, for different trials out of a small space


@dataclass(frozen=True)
class Unit:
    """A run that is reported, and the place of its directory below OUT."""

    system: System
    fold: Fold
    share: float
    seed: int

    @property
    def place(self) -> Path:
        """Below OUT."""
        folder = group_place(self.system, self.fold)
        if self.share < 1:
            folder = folder / f"share-{self.share:g}"
        return folder / f"seed-{self.seed}"

    @property
    def name(self) -> str:
        """As messages call it."""
        share = f", {self.share:.0%} of the training set" if self.share < 1 else ""
        return f"{self.system.name}, {self.fold.name}{share}, seed {self.seed}"


@dataclass
class PartProgress:
    """How many runs and trials of a part of the work are done, how many runs among them are tested,
    and which one it does, in a file that others read meanwhile.
    """

    path: Path
    total: int
    done: int = 0
    tested: int = 0

    def show(self, **doing: Any) -> None:
        """Write it with what is `doing`: system, fold, share, seed, trial."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        values = {"done": self.done, "total": self.total, "tested": self.tested, "doing": doing}
        RunDirectory(self.path.parent).write(self.path.name, values)


def group_place(system: System, fold: Fold) -> Path:
    """Where the runs of a system in a fold are, below OUT."""
    return Path("runs") / system.slug / fold.slug


def trial_fields(experiment: Experiment, recipe: Recipe) -> list[dict[str, Any]]:
    """The fields of each trial: none in the first, then draws from the space without those that the
    recipe does not use. The draws are the same for all systems; one that comes out as an earlier
    one is drawn again, so that there are fewer than asked for only where the space is exhausted.
    """
    tuning = experiment.tuning
    space = {name: values for name, values in tuning.space.items() if name not in recipe.unused}
    found: list[dict[str, Any]] = [{}]
    seen = [{name: getattr(recipe, name) for name in space}]
    rng = random.Random(tuning.seed)
    for _ in range(FIRST_DRAWS):
        if len(found) >= tuning.trials:
            break
        drawn = {name: rng.choice(values) for name, values in tuning.space.items()}
        fields = {name: value for name, value in drawn.items() if name in space}
        if fields not in seen:
            seen.append(fields)
            found.append(fields)
    return found if tuning.trials else []


class Runner:
    """Does an experiment in a directory; `part` is (K, N), the K-th of N parts of the work."""

    def __init__(
        self,
        experiment: Experiment,
        out: Path,
        device: torch.device,
        cache: Path | None = None,
        part: tuple[int, int] = (1, 1),
        report: Report = lambda line: None,
    ) -> None:
        self.experiment, self.out, self.device, self.part = experiment, out, device, part
        self.cache, self.report = cache or out / "features", report
        number, of = part
        self.progress = PartProgress(out / PARTS / f"{number}-of-{of}.json", 0)

    @cached_property
    def folds(self) -> list[Fold]:
        """The folds, with all labels: `train` hides those of the test set from itself.

        Raises ExperimentError or ReleaseError.
        """
        release = open_release(self.experiment.release, labels=True).with_labels()
        other = self.experiment.test_release
        tested = open_release(other, labels=True).with_labels() if other else None
        return make_folds(self.experiment, release, tested)

    @cached_property
    def units(self) -> list[Unit]:
        """All runs that are reported, the first seed of all systems first."""
        experiment = self.experiment
        return [
            Unit(system, fold, share, seed)
            for seed in experiment.seeds
            for share in sorted(experiment.train_shares, reverse=True)
            for fold in self.folds
            for system in experiment.systems
        ]

    def _own_units(self) -> list[Unit]:
        """Those of this part. A system is tuned in a fold by one part alone, which then does its
        runs, too.
        """
        number, of = self.part
        if not self.experiment.tuning.trials:
            return self.units[number - 1 :: of]
        groups = list(dict.fromkeys(group_place(u.system, u.fold) for u in self.units))
        own = set(groups[number - 1 :: of])
        return [unit for unit in self.units if group_place(unit.system, unit.fold) in own]

    def check_directory(self) -> None:
        """Note in OUT what its runs are of. Raises RunError where it holds those of another
        experiment; other systems, seeds and shares of the training set may be added.
        """
        experiment = self.experiment
        described: dict[str, Any] = json.loads(json.dumps({
            "folds": {fold.slug: fold.release.digest for fold in self.folds},
            "tuning": asdict(experiment.tuning),
            "robustness": asdict(experiment.robustness),
            "systems": {s.slug: s.recipe.to_json() for s in experiment.systems},
        }))  # fmt: skip
        self.out.mkdir(parents=True, exist_ok=True)
        directory = RunDirectory(self.out)
        with directory.exclusive():  # parts start at the same time
            self._note(directory, described)

    def _note(self, directory: RunDirectory, described: dict[str, Any]) -> None:
        if directory.path(NOTE).exists():
            stored = directory.read(NOTE)
            systems = stored.get("systems", {})
            names = {"folds": "release or splits", "tuning": "tuning", "robustness": "robustness"}
            other = [name for key, name in names.items() if stored.get(key) != described[key]]
            other += [f"recipe of {slug}" for slug, recipe in described["systems"].items()
                      if slug in systems and not is_same(systems[slug], recipe)]  # fmt: skip
            if other:
                raise RunError(
                    f"{self.out} holds runs of another {' and another '.join(other)}. Name another"
                    " directory with --out."
                )
            described["systems"] = systems | described["systems"]
        directory.write(NOTE, described)

    def run(self) -> list[str]:
        """Do what is not done; sentences about what cannot be. Raises Interrupted."""
        units, problems = self._own_units(), []
        self._count(units)
        for number, unit in enumerate(units, 1):
            if self.is_done(unit):
                continue
            self._show(unit.system, unit.fold, share=unit.share, seed=unit.seed)
            path = self.out / unit.place
            try:
                row = self._do(unit)
            except PROBLEMS as error:
                path.mkdir(parents=True, exist_ok=True)
                (path / FAILURE).write_text(json.dumps({"reason": str(error)}) + "\n", "utf-8")
                problems.append(f"{unit.name}: {error}")
                self.report(f"{number}/{len(units)} {problems[-1]}")
                continue
            self.progress.done += 1
            self.progress.tested += 1
            (path / FAILURE).unlink(missing_ok=True)
            self.report(f"{number}/{len(units)} {unit.name}: {mean_text(row)}")
        self.progress.show()
        return problems

    def _count(self, units: Sequence[Unit]) -> None:
        """How many runs and trials a part has, and how many of them are done already."""
        groups = {group_place(unit.system, unit.fold): unit for unit in units}
        trials = {place: trial_fields(self.experiment, unit.system.recipe)
                  for place, unit in groups.items()}  # fmt: skip
        tuned = (fields for place, fields in trials.items()
                 if self._stored_trials(place, fields))  # fmt: skip
        self.progress.total = len(units) + sum(map(len, trials.values()))
        self.progress.tested = sum(map(self.is_done, units))
        self.progress.done = self.progress.tested + sum(map(len, tuned))
        self.progress.show()

    def _show(self, system: System, fold: Fold, **more: Any) -> None:
        name = fold.name if len(self.folds) > 1 else ""
        self.progress.show(system=system.name, fold=name, **more)

    def _stored_trials(self, place: Path, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The trials of a group of runs where all of them are done; else none."""
        stored = self.out / place / "tuning.json"
        if not fields or not stored.exists():
            return []
        trials: list[dict[str, Any]] = json.loads(stored.read_text("utf-8"))["trials"]
        return trials if [trial["fields"] for trial in trials] == fields else []

    def is_done(self, unit: Unit) -> bool:
        """Whether a run is trained and tested as the experiment asks for."""
        run = RunDirectory(self.out / unit.place)
        asks = self.experiment.robustness.missing or self.experiment.robustness.noise
        return (
            run.is_frozen
            and run.path("evaluation.json").exists()
            and (not asks or unit.share < 1 or run.path(FILE).exists())
        )

    def _do(self, unit: Unit) -> dict[str, Any]:
        """Tune, train, test; the evaluation."""
        recipe = self._tuned(unit.system, unit.fold)
        release = shrink(unit.fold, unit.share, unit.seed)
        root = self.experiment.release
        run = RunDirectory(self.out / unit.place)
        with run.exclusive():
            train(release, root, recipe, run, self.device, unit.seed, self.cache)
            if not run.path("evaluation.json").exists():
                evaluate(
                    release, self.experiment.test_release or root, run, self.device,
                    cache=self.cache,
                )  # fmt: skip
            robustness = self.experiment.robustness
            if (robustness.missing or robustness.noise) and unit.share == 1:
                training = Splits.of(release, unit.seed).train
                evaluate_robustness(release, training, run, self.device, robustness, self.cache)
        return run.read("evaluation.json")

    def _tuned(self, system: System, fold: Fold) -> Recipe:
        """The recipe of a system with what is best on the validation set of a fold."""
        folder = self.out / group_place(system, fold)
        fields = trial_fields(self.experiment, system.recipe)
        if not fields:
            return system.recipe
        if trials := self._stored_trials(group_place(system, fold), fields):
            return system.recipe.with_fields(best_trial(trials)["fields"])
        for number, own in enumerate(fields, 1):
            self._show(system, fold, trial=number, trials=len(fields))
            run = RunDirectory(folder / f"trial-{number}")
            with run.exclusive():
                results = train(
                    fold.release, self.experiment.release, system.recipe.with_fields(own), run,
                    self.device, self.experiment.tuning.seed, self.cache,
                )  # fmt: skip
            score = mean_macro_f1(results["tasks"]) or 0.0
            trials.append({"fields": own, "validation_macro_f1": score,
                           "seconds": results["seconds"]})  # fmt: skip
            self.progress.done += 1
            self.report(f"{system.name}, {fold.name}, trial {number}: {own or 'as it is'},"
                        f" validation macro-F1 {score:.3f}")  # fmt: skip
        RunDirectory(folder).write("tuning.json", {"seed": self.experiment.tuning.seed,
                                                   "trials": trials})  # fmt: skip
        return system.recipe.with_fields(best_trial(trials)["fields"])


def best_trial(trials: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The trial with the highest score on the validation set, the first of equals."""
    return max(trials, key=lambda trial: trial["validation_macro_f1"])


def run_in_parts(arguments: Sequence[str], jobs: int) -> Iterator[tuple[int, int]]:
    """Start `jobs` processes of the command line that each take a part; (part, exit status) as they
    end. SIGTERM ends all of them with a checkpoint. Raises Interrupted then.
    """
    environment = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    parts = [
        subprocess.Popen(
            [sys.executable, "-m", "modeling.learner", *arguments, "--part", f"{number}/{jobs}",
             "--exit-with-parent"],
            env=environment, stdin=subprocess.PIPE,
        )
        for number in range(1, jobs + 1)
    ]  # fmt: skip
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        for part in parts:
            part.terminate()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        for number, part in enumerate(parts, 1):
            yield number, part.wait()
    finally:
        signal.signal(signal.SIGTERM, before)
        for part in parts:
            if part.poll() is None:
                part.terminate()
                part.wait()
    if stopped:
        raise Interrupted
