"""Every metric of every run of an experiment that has ended, a row a run, split and task."""

from modeling.configurations import run_results

METRICS = (
    "n", "macro_f1", "majority_macro_f1", "weighted_f1", "majority_weighted_f1",
    "balanced_accuracy", "auroc", "ap", "accuracy", "majority_accuracy", "mae", "quadratic_kappa",
    "ece", "ece_predicted",
)  # fmt: skip


def columns_of(experiment):
    """The names of what a row has."""
    searched = experiment.search.get("fields", [])
    return ["run", "recipe", *searched, "seed", "split", "held_out", "task", *METRICS]


def result_rows(experiment):
    """The rows as dicts."""
    searched = experiment.search.get("fields", [])
    for run in experiment.runs.order_by("pk").prefetch_related("evaluations"):
        own = {name: run.options.get(name) for name in searched}
        for role in ("validation", "held_out"):
            results = run_results(run, role)
            for task, row in results.get("tasks", {}).items():
                if row:
                    place = {"split": results["split"], "held_out": role == "held_out"}
                    yield (
                        {"run": run.pk, "recipe": run.recipe, **own, "seed": run.seed, **place}
                        | {"task": task, **{name: row.get(name) for name in METRICS}}
                    )
