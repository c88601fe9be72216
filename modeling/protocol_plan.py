"""What a protocol would train, and about how long that takes."""

from dataclasses import dataclass

from modeling.models import Protocol
from modeling.protocol_file import check_values, count_folds
from modeling.run_costs import typical_seconds


@dataclass
class Plan:
    """Runs are systems × folds × seeds × sizes of the training set; trials are at most so many."""

    systems: int
    folds: int
    seeds: int
    sizes: int
    trials: int
    seconds: float | None  # None where no such run has finished
    unknown: list[str]  # recipes of which none has

    @property
    def runs(self):
        return self.systems * self.folds * self.seeds * self.sizes

    @property
    def factors(self):
        """Those that multiply."""
        return " × ".join(str(n) for n in (self.systems, self.folds, self.seeds, self.sizes))


def plan_of(release, test_release, values, at_once=1):
    """The plan of the values of a file. Raises UserError for what they cannot be."""
    experiment = check_values(release, test_release, values)
    folds = count_folds(release, test_release, experiment)
    shares, trials = experiment.train_shares, experiment.tuning.trials
    each = folds * (len(experiment.seeds) * sum(shares) + trials)  # whole trainings of a system
    known = typical_seconds(release.corpus)
    recipes = [row["recipe"] for row in values["systems"]]
    limits = [system.recipe.minutes * 60 or float("inf") for system in experiment.systems]
    times = [min(known[r][0], limit) for r, limit in zip(recipes, limits, strict=True)
             if r in known]  # fmt: skip
    return Plan(
        len(recipes), folds, len(experiment.seeds), len(shares), trials * folds * len(recipes),
        sum(times) * each / max(1, at_once) if times else None,
        sorted({recipe for recipe in recipes if recipe not in known}),
    )  # fmt: skip


def start_protocol(person, release, test_release, values, at_once, device):
    """The protocol that was queued. Raises UserError."""
    plan = plan_of(release, test_release, values)
    return Protocol.request(
        person, release, values, plan.runs, plan.trials, test_release, at_once, device
    )
