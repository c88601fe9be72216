"""Plain: the card of a model as Markdown, after Mitchell et al. (2019)."""

from collections.abc import Mapping
from typing import Any

from modeling.learner.evaluation_tables import evaluation_notes
from modeling.learner.run_directory import current_keys

IMPORTED = (
    "The model reads imported features: it cannot classify utterances outside its release, such as"
    " new films."
)


def render(
    name: str,
    use: str,
    limits: str,
    facts: Mapping[str, str],
    selection: Mapping[str, Any],
    evaluation: Mapping[str, Any] | None,
) -> str:
    """Its purpose, limits, configuration and metrics: on the test set where the run was evaluated
    on it, else on the validation set; the card names which.
    """
    results = evaluation or selection
    count = current_keys(dict(evaluation))["test_evaluations"] if evaluation else 0
    where = (
        f"On the held-out test set `{results['split']}`, evaluated {count} time(s)."
        if evaluation
        else f"On the validation set `{results['split']}`, which the model was selected on: a"
        " little too good. Not evaluated on the held-out test set."
    )
    lines = [f"# {name}", "", "## Intended use", "", use, "", "## Limits", "", limits, ""]
    lines += ["## Configuration", ""]
    lines += [f"- {key}: `{value}`" for key, value in facts.items()]
    lines += ["", "## Metrics", "", where, ""]
    lines += [
        "| task | macro-F1 | majority | one annotator | weighted F1 | majority | one annotator"
        " | balanced accuracy | accuracy | ECE | ECE of predicted | n |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for task, row in results["tasks"].items():
        if row is None:
            lines.append(f"| {task} | no labels | | | | | | | | | | |")
            continue
        people = row.get("human") or {}
        figures = [
            *(row["macro_f1"], row["majority_macro_f1"], people.get("macro_f1")),
            *(row.get("weighted_f1"), row.get("majority_weighted_f1"), people.get("weighted_f1")),
            *(row["balanced_accuracy"], row["accuracy"], row["ece"], row.get("ece_predicted")),
        ]
        cells = ["" if value is None else f"{value:.3f}" for value in figures] + [str(row["n"])]
        lines.append(f"| {task} | {' | '.join(cells)} |")
    lines += ["", *_decisions(results["tasks"])]
    doubtful = {
        key: row["verdict"]
        for key, row in selection.get("relations", {}).items()
        if row["verdict"] != "green"
    }
    if doubtful:
        names = ", ".join(f"{key} ({verdict})" for key, verdict in doubtful.items())
        lines += ["", f"Correlations whose labels are doubtful: {names}."]
    return "\n".join(lines) + "\n"


def _decisions(tasks: Mapping[str, Any]) -> list[str]:
    """What is predicted and what its probabilities are, with the sentences of `tables.notes`."""
    lines = [
        "**Predicted** is the decision: the class with the highest score of a network trained with"
        " logit adjustment, of two classes the second above its threshold. **Probabilities** are"
        " calibrated (temperature scaling), and the highest of them is the **most probable** class,"
        " which may be another one. All figures are of the predicted class but ECE, which is of the"
        " most probable one. Temperature and thresholds were chosen on the validation set.",
        "",
    ]
    lines += [
        f"- {task}: the second class is predicted above a probability of {row['threshold']:.3f}"
        for task, row in tasks.items()
        if row and row.get("threshold") is not None
    ]
    return lines + [f"- {note.strip()}" for note in evaluation_notes(tasks)]
