"""Evaluations as text: for a terminal, for a paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from modeling.learner.seed_statistics import (
    MIN_DIALOGUES,
    MIN_SEEDS,
    dialogues_evaluated,
    mean_interval,
    seed_summary,
)

COLUMNS = (
    ("macro_f1", "macro-F1"),
    ("weighted_f1", "weighted F1"),
    ("balanced_accuracy", "bal. acc."),
    ("auroc", "AUROC"),
    ("ap", "AP"),
    ("accuracy", "accuracy"),
)
LATEX_SPECIAL = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def evaluation_text(evaluation: Mapping[str, Any]) -> str:
    """Of one evaluation macro-F1, weighted F1 and accuracy of what is predicted beside the majority
    class and people, calibration of the most probable and of the predicted class, and what must be
    known to read them.
    """
    lines = [
        f"evaluated on {evaluation['split']}:",
        f"  {'task':<20} {'macro-F1':>8} {'majority':>8} {'people':>8} {'weighted':>8}"
        f" {'majority':>8} {'people':>8} {'accuracy':>8} {'majority':>8} {'ECE':>6} {'ECE pred':>8}"
        f" {'n':>6}",
    ]
    for task, row in evaluation["tasks"].items():
        if row is None:
            lines.append(f"  {task:<20} no labels to learn from or to compare with")
            continue
        people = row.get("human") or {}
        figures = [
            *(row["macro_f1"], row["majority_macro_f1"], people.get("macro_f1")),
            *(row.get("weighted_f1"), row.get("majority_weighted_f1"), people.get("weighted_f1")),
            *(row["accuracy"], row["majority_accuracy"]),
        ]
        cells = " ".join(f"{'–' if value is None else f'{value:.3f}':>8}" for value in figures)
        own = row.get("ece_predicted")  # not in what earlier versions evaluated
        ece = f"{row['ece']:>6.3f} {'–' if own is None else f'{own:.3f}':>8}"
        lines.append(f"  {task:<20} {cells} {ece} {row['n']:>6}")
    lines.append(
        "  ECE is of the most probable class, ECE pred of the probability of the predicted one; all"
        " other figures are of the predicted class"
    )
    return "\n".join([*lines, *(f"  {note}" for note in evaluation_notes(evaluation["tasks"]))])


def mean_macro_f1(tasks: Mapping[str, Any]) -> float | None:
    """The mean over the tasks that have figures, None where none has."""
    scores = [row["macro_f1"] for row in tasks.values() if row]
    return sum(scores) / len(scores) if scores else None


def mean_text(evaluation: Mapping[str, Any]) -> str:
    """The mean macro-F1 of an evaluation, for a line of progress."""
    score = mean_macro_f1(evaluation["tasks"])
    return "no labels to compare with" if score is None else f"macro-F1 {score:.3f}"


def evaluation_notes(tasks: Mapping[str, Any]) -> list[str]:
    """What must be known to read the figures of tasks, a sentence a line: where the predicted class
    is not the most probable one, which classes training never has, what was not calibrated.
    """
    lines = []
    for task, row in tasks.items():
        if row is None:
            continue
        likely = row.get("most_probable")
        if likely and likely["differ"]:
            lines.append(
                f"{task}: predicted is not the most probable class in {likely['differ']} of"
                f" {row['n']} ({decision_rule(row)}); always the most probable one would have"
                f" macro-F1 {likely['macro_f1']:.3f}, accuracy {likely['accuracy']:.3f}"
            )
        for value, times in row.get("unseen", {}).items():
            lines.append(
                f"{task}: {value!r} is gold {times} time(s) here and never in training: it cannot"
                " be learned, and counts in macro-F1 all the same"
            )
        if row.get("fitted_on") == 0:
            lines.append(
                f"{task}: no label chose its temperature or threshold: it is not calibrated"
            )
    return lines


def decision_rule(row: Mapping[str, Any]) -> str:
    """By which rule the predicted class of a task is decided, from its metrics."""
    if row.get("threshold") is not None:
        return f"the second class is predicted above a probability of {row['threshold']:.3f}"
    return "logit adjustment decides as if classes were equally frequent"


def prediction_summary(summary: Mapping[str, Any]) -> str:
    """What `predict` has written, and where the predicted class is not the most probable one."""
    lines = [f"{summary['utterances']} utterances in {summary['written']}"]
    lines += [
        f"  {task}: predicted is not the most probable class in {n}"
        for task, n in summary["apart"].items()
        if n
    ]
    lines.append(
        "  predicted: the decision (score with logit adjustment, threshold of two classes);"
        " most_probable: the highest of probabilities, which are calibrated"
    )
    return "\n".join(lines)


def markdown_table(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], metric: str = "macro_f1"
) -> str:
    """A metric in percent of named lists of evaluations (their seeds), by task and in the mean,
    with the standard deviation where there are seeds enough.
    """
    tasks = [
        task
        for task in next(iter(rows.values()))[0]["tasks"]
        if all(e["tasks"].get(task) for each in rows.values() for e in each)
    ]
    if not tasks:
        return "No task has labels to compare with in all of them."
    lines = ["| | " + " | ".join([*tasks, "mean"]) + " |", "|---" * (len(tasks) + 2) + "|"]
    for name, evaluations in rows.items():
        seeds = [[e["tasks"][task][metric] for task in tasks] for e in evaluations]
        by_task = [*zip(*seeds, strict=True), [sum(s) / len(s) for s in seeds]]
        lines.append(f"| {name} | " + " | ".join(_cell(list(values)) for values in by_task) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    interval = mean_interval(values)
    if interval["sd"] is None:
        return _percent(interval["mean"])
    return f"{_percent(interval['mean'])} ± {_percent(interval['sd'])}"


def latex_table(evaluations: Sequence[Mapping[str, Any]]) -> str:
    """A booktabs table of one evaluation, or of several seeds with Student's intervals, of fewer
    than MIN_SEEDS with each seed's figure; below each task what the majority class and what people
    come to.
    """
    first, seeds = evaluations[0], len(evaluations)
    means = seed_summary(evaluations)
    release = first["release"]
    caption = (
        f"{first['run']['recipe']} on {first['split']} of {release['corpus']} {release['version']}"
        f" (SHA-256 {release['digest'][:12]}), "
        f"{_seeds_phrase(seeds, dialogues_evaluated(evaluations))}; figures in percent."
    )
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(COLUMNS)}r}}",
        r"\toprule",
        " & ".join(["task", *(name for _, name in COLUMNS), "n"]) + r" \\",
        r"\midrule",
    ]
    for task, row in first["tasks"].items():
        metrics = means[task]
        if row is None or metrics is None:
            continue
        cells = [_interval(metrics.get(key)) for key, _ in COLUMNS]
        lines.append(" & ".join([escape_latex(task), *cells, str(row["n"])]) + r" \\")
        majority = [_percent(row.get(f"majority_{key}")) for key, _ in COLUMNS]
        lines.append(" & ".join([r"\quad majority", *majority, ""]) + r" \\")
        if row.get("human"):
            people = [_percent(row["human"].get(key)) for key, _ in COLUMNS]
            lines.append(
                " & ".join([r"\quad one annotator", *people, str(row["human"]["n"])]) + r" \\"
            )
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _seeds_phrase(seeds: int, dialogues: int | None) -> str:
    """What the figures of a table are, in its caption."""
    if seeds == 1:
        return "one seed"
    points = f"mean of {seeds} seeds with each in parentheses"
    if seeds < MIN_SEEDS:
        return f"{points} (intervals need {MIN_SEEDS})"
    if dialogues is not None and dialogues < MIN_DIALOGUES:
        return f"{points} ({dialogues} dialogues; intervals need {MIN_DIALOGUES})"
    return f"mean of {seeds} seeds with 95 % intervals"


def escape_latex(words: str) -> str:
    """Text that LaTeX takes as it is."""
    return "".join(LATEX_SPECIAL.get(c, c) for c in words)


def _percent(value: float | None) -> str:
    return "--" if value is None else f"{100 * value:.1f}"


def _interval(interval: Mapping[str, Any] | None) -> str:
    if interval is None:
        return "--"
    if interval["low"] is None:
        points = ", ".join(map(_percent, interval["values"])) if interval["n"] > 1 else ""
        return f"{_percent(interval['mean'])} ({points})" if points else _percent(interval["mean"])
    return (
        f"{_percent(interval['mean'])} [{_percent(interval['low'])}, {_percent(interval['high'])}]"
    )
