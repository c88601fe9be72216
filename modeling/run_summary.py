"""A run in one sentence: its mean macro-F1, over what, beside the baseline and over its seeds."""

from modeling.configurations import mean_score, run_results
from modeling.learner.seed_statistics import dialogues_evaluated, mean_interval
from modeling.models import TrainingRun


def results_by_seed(run, role):
    """Seed -> results of the finished runs that differ from this one in their seed alone."""
    same = TrainingRun.objects.filter(
        release=run.release,
        recipe=run.recipe,
        on_failure=run.on_failure,
        options=run.options,
        status=TrainingRun.Status.DONE,
    )
    runs = same.select_related("release").prefetch_related("evaluations").order_by("pk")
    results = {each.seed: run_results(each, role) for each in runs}
    return {seed: each for seed, each in sorted(results.items()) if each}


def summary_of(run):
    """What the head of its page says: on the test set where it was evaluated on it, else on the
    validation set; None before there is any metric.
    """
    role = "held_out" if run.evaluation else "validation"
    results = run_results(run, role)
    score = mean_score(results)
    if score is None:
        return None
    evaluated = [row for row in results["tasks"].values() if row]
    by_seed = results_by_seed(run, role)
    scores = {seed: mean_score(each) for seed, each in by_seed.items()}
    known = [value for value in scores.values() if value is not None]
    baseline = mean_score(results, "majority_macro_f1")
    return {
        "role": role,
        "split": results["split"],
        "score": score,
        "baseline": baseline,
        "relation": _relation(score, baseline),
        "tasks": len(evaluated),
        "utterances": max(row.get("n", 0) for row in evaluated),
        "dialogues": results.get("dialogues"),
        "seeds": mean_interval(known, dialogues=dialogues_evaluated(by_seed.values()))
        if len(known) > 1
        else None,
    }


def _relation(score, baseline):
    """How the score stands to the baseline as both are printed: above, below, equal."""
    if baseline is None:
        return ""
    score, baseline = round(score, 3), round(baseline, 3)
    return "above" if score > baseline else "below" if score < baseline else "equal"
