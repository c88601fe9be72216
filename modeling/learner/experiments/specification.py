"""The file that describes an experiment, in TOML; paths in it are relative to the file.

name = "CMMA, text"                 what the report is called
release = "releases/cmma/1.0.0"     a release directory
test_release = ""                   another one that is tested on instead (cross-corpus)
tasks = ["sentiment", "emotion"]    all of the scheme unless said
seeds = 5                           how many, from 1 on, or a list of them
train_shares = [0.1, 0.5, 1.0]      of the training dialogues, for a learning curve; 1 if unsaid
reference = "hard-text"             the system that the others are compared with: the first

[recipe]                            fields of a recipe, for all systems
modalities = ["text"]

[[systems]]                         at least one: a recipe, with fields of its own
recipe = "dialogue-rnn"
name = "DialogueRNN, wide"          what tables call it: the recipe's name unless said
width = 128

[splits]
by = "official"                     or "folds", "source", "speaker": see folds.py
folds = 5
validation_share = 0.1              of the dialogues that are not tested on
least = 20                          labelled utterances of a source or speaker that is left out
seed = 1

[tuning]                            the same trials for all systems; none unless said
trials = 4                          the first is the recipe as it is
seed = 0                            of the trials, never reported
[tuning.space]
learning_rate = [3e-4, 1e-3, 3e-3]
dropout = [0.1, 0.3, 0.5]

[robustness]                        of the trained systems, on the test set
missing = ["audio"]                 each left out there
noise = [0.5, 1.0]                  on sound and picture, in deviations of the training frames

[labels.emotion]                    with test_release: its values -> those of `release`
happy = "joy"
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modeling.learner.error_messages import display_value, suggest_name
from modeling.learner.recipes import MODALITIES, SEEDS, Recipe, RecipeError, load_recipe

SPLITTINGS = ("official", "folds", "source", "speaker")
MAX_SYSTEMS, MAX_SEED_COUNT, MAX_TRIALS, MAX_FOLDS = 100, 100, 200, 100
NOISY = ("audio", "vision")  # modalities that noise is added to


class ExperimentError(ValueError):
    """A file that describes no experiment; the message names the place."""


@dataclass(frozen=True)
class System:
    """A recipe under the name that tables give it; `slug` names its directory."""

    name: str
    slug: str
    recipe: Recipe


@dataclass(frozen=True)
class Splitting:
    """How the dialogues are divided: see folds.py."""

    by: str = "official"
    folds: int = 5
    validation_share: float = 0.1
    least: int = 20
    seed: int = 1


@dataclass(frozen=True)
class Tuning:
    """How many trials each system has, and the values that they draw from."""

    trials: int = 0
    seed: int = 0
    space: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Robustness:
    """Conditions under which the trained systems are tested once more."""

    missing: tuple[str, ...] = ()
    noise: tuple[float, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """See the module."""

    name: str
    release: Path
    systems: tuple[System, ...]
    reference: System
    seeds: tuple[int, ...] = (1,)
    tasks: tuple[str, ...] = ()
    test_release: Path | None = None
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    train_shares: tuple[float, ...] = (1.0,)
    splits: Splitting = field(default_factory=Splitting)
    tuning: Tuning = field(default_factory=Tuning)
    robustness: Robustness = field(default_factory=Robustness)


class _Table:
    """A table of the file whose keys are taken one by one; what is left is an error."""

    def __init__(self, values: Any, place: str) -> None:
        if not isinstance(values, dict):
            raise ExperimentError(f"{place} must be a table, not {display_value(values)}.")
        self.values, self.place = dict(values), place
        self.known: list[str] = []

    def fail(self, key: str, expected: str, value: Any) -> ExperimentError:
        place = f"{self.place}.{key}" if self.place else key
        return ExperimentError(f"{place} must be {expected}, not {display_value(value)}.")

    def take(self, key: str, default: Any, expected: str, fits: Callable[[Any], bool]) -> Any:
        """The value of a key, `default` where there is none. Raises ExperimentError."""
        self.known.append(key)
        if key not in self.values:
            return default
        value = self.values.pop(key)
        if not fits(value):
            raise self.fail(key, expected, value)
        return value

    def end(self) -> None:
        """Raises ExperimentError for a key that does not exist."""
        for key in self.values:
            where = f" in {self.place}" if self.place else ""
            hint = suggest_name(key, self.known)
            raise ExperimentError(f"There is no {display_value(key)}{where}; {hint}")


def _is_whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda x: isinstance(x, int) and not isinstance(x, bool) and low <= x <= high


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)


def _is_line(x: Any) -> bool:
    return isinstance(x, str) and 0 < len(x.strip()) <= 200 and x.isprintable()


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Reads a list of different values of which there is at least one."""
    return lambda x: isinstance(x, list) and bool(x) and all(map(fits, x)) and _differ(x)


def _differ(values: Sequence[Any]) -> bool:
    return all(value not in values[:place] for place, value in enumerate(values))


def load_experiment(path: Path) -> Experiment:
    """Read a file. Raises ExperimentError naming what is wrong where, and what was expected."""
    try:
        text = path.read_text("utf-8-sig")
        values = tomllib.loads(text)
    except OSError as error:
        raise ExperimentError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{path} is no text in UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError(f"{path} is no TOML: {error}") from error
    try:
        return _experiment(_Table(values, ""), path.parent)
    except ExperimentError as error:
        raise ExperimentError(f"{path}: {error}") from error


def _experiment(top: _Table, here: Path) -> Experiment:
    name = top.take("name", None, "a line of text", _is_line)
    release = top.take("release", None, "the path of a release directory", _is_line)
    for key, value in (("name", name), ("release", release)):
        if value is None:
            raise ExperimentError(f"It says no {key}.")
    other = top.take("test_release", "", "the path of a release directory",
                     lambda x: x == "" or _is_line(x))  # fmt: skip
    common = top.take("recipe", {}, "a table of fields of a recipe", lambda x: isinstance(x, dict))
    systems = _systems(
        top.take("systems", [], "a list of tables, [[systems]]", lambda x: isinstance(x, list)),
        common,
        here,
    )
    named = {system.name: system for system in systems}
    known = ", ".join(named)
    reference = top.take("reference", systems[0].name, f"one of {known}", lambda x: x in named)
    seeds = top.take(
        "seeds", 1, f"a number from 1 to {MAX_SEED_COUNT}, or a list of seeds",
        lambda x: _is_whole(1, MAX_SEED_COUNT)(x) or _list_of(_is_whole(*SEEDS))(x),
    )  # fmt: skip
    shares = top.take(
        "train_shares", [1.0], "a list of shares above 0 and up to 1",
        _list_of(lambda x: _is_number(x) and 0 < x <= 1),
    )  # fmt: skip
    experiment = Experiment(
        name=name,
        release=here / release,
        systems=systems,
        reference=named[reference],
        seeds=tuple(range(1, seeds + 1)) if isinstance(seeds, int) else tuple(seeds),
        tasks=tuple(top.take("tasks", [], "a list of keys of tasks", _list_of(_is_line))),
        test_release=here / other if other else None,
        labels=_labels(top, bool(other)),
        train_shares=tuple(sorted({float(share) for share in shares})),
        splits=_splits(top, bool(other)),
        tuning=_tuning(top, systems),
        robustness=_robustness(top),
    )
    top.end()
    if experiment.tuning.trials and experiment.tuning.seed in experiment.seeds:
        raise ExperimentError(
            f"tuning.seed {experiment.tuning.seed} is one of the seeds that are reported; take"
            " another."
        )
    return experiment


def _systems(rows: list[Any], common: dict[str, Any], here: Path) -> tuple[System, ...]:
    if not 1 <= len(rows) <= MAX_SYSTEMS:
        raise ExperimentError(f"It needs 1 to {MAX_SYSTEMS} systems, [[systems]], not {len(rows)}.")
    found: list[System] = []
    for number, row in enumerate(rows, 1):
        table = _Table(row, f"systems {number}")
        source = table.take("recipe", None, "the name of a recipe or a JSON file", _is_line)
        if source is None:
            raise ExperimentError(f"systems {number} says no recipe.")
        name = table.take("name", source, "a line of text", _is_line)
        beside = here / source
        try:
            recipe = load_recipe(str(beside) if beside.is_file() else source)
            recipe = recipe.with_fields({**common, **table.values, "name": name})
        except RecipeError as error:
            raise ExperimentError(f"systems {number} ({name}): {error}") from error
        slug = re.sub(r"[^\w.-]+", "-", name).strip("-.").lower() or f"system-{number}"
        if any(name == each.name or slug == each.slug for each in found):
            words = f"systems {number} is called {display_value(name)} as another one is"
            raise ExperimentError(f"{words}; give it a name of its own.")
        found.append(System(name, slug, recipe))
    return tuple(found)


def _splits(top: _Table, crosses: bool) -> Splitting:
    table = _Table(top.take("splits", {}, "a table", lambda x: isinstance(x, dict)), "splits")
    usual = Splitting()
    found = Splitting(
        by=table.take("by", usual.by, f"one of {', '.join(SPLITTINGS)}", SPLITTINGS.__contains__),
        folds=table.take("folds", usual.folds, f"a number from 2 to {MAX_FOLDS}",
                         _is_whole(2, MAX_FOLDS)),
        validation_share=table.take(
            "validation_share", usual.validation_share, "a share above 0 and up to 0.5",
            lambda x: _is_number(x) and 0 < x <= 0.5,
        ),
        least=table.take("least", usual.least, "a number from 1 on", _is_whole(1, 10**9)),
        seed=table.take("seed", usual.seed, "a seed", _is_whole(*SEEDS)),
    )  # fmt: skip
    table.end()
    if crosses and found.by != "official":
        raise ExperimentError(
            f'splits.by "{found.by}" divides one release; with a test_release say "official".'
        )
    return found


def _tuning(top: _Table, systems: Sequence[System]) -> Tuning:
    table = _Table(top.take("tuning", {}, "a table", lambda x: isinstance(x, dict)), "tuning")
    trials = table.take("trials", 0, f"a number from 2 to {MAX_TRIALS}, or 0",
                        lambda x: x == 0 or _is_whole(2, MAX_TRIALS)(x))  # fmt: skip
    seed = table.take("seed", 0, "a seed", _is_whole(*SEEDS))
    space = table.take("space", {}, "a table of lists of values", lambda x: isinstance(x, dict))
    table.end()
    if bool(trials) != bool(space):
        raise ExperimentError("tuning needs both trials and a space of values, or neither.")
    for name, values in space.items():
        if not isinstance(values, list) or not values or not _differ(values):
            raise ExperimentError(
                f"tuning.space.{name} must be a list of different values, not"
                f" {display_value(values)}."
            )
        for system in systems:
            for value in values:
                try:
                    system.recipe.with_fields({name: value})
                except RecipeError as error:
                    raise ExperimentError(
                        f"tuning.space.{name} of {system.name}: {error}"
                    ) from error
    return Tuning(trials, seed, {name: tuple(values) for name, values in space.items()})


def _robustness(top: _Table) -> Robustness:
    values = top.take("robustness", {}, "a table", lambda x: isinstance(x, dict))
    table = _Table(values, "robustness")
    missing = table.take("missing", [], f"a list of some of {', '.join(MODALITIES)}",
                         _list_of(MODALITIES.__contains__))  # fmt: skip
    noise = table.take("noise", [], "a list of numbers above 0 and up to 100",
                       _list_of(lambda x: _is_number(x) and 0 < x <= 100))  # fmt: skip
    table.end()
    return Robustness(tuple(missing), tuple(float(each) for each in noise))


def _labels(top: _Table, crosses: bool) -> dict[str, dict[str, str]]:
    tables = top.take("labels", {}, "a table a task", lambda x: isinstance(x, dict))
    if tables and not crosses:
        raise ExperimentError("labels says what values of a test_release mean: name one.")
    for task, table in tables.items():
        if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
            raise ExperimentError(f"labels.{task} must be a table of values, each a text.")
    return {task: dict(table) for task, table in tables.items()}
