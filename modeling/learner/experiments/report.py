"""The report of an experiment: tables, and a paragraph that says what was done.

report.html    everything, in one file that needs nothing else
report.md      the same as Markdown
tables.tex     the tables for a paper (booktabs)
tables.csv     the tables as rows: table, row, column, text
results.csv    every metric of every run: system, fold, share, seed, task, metric, value
report.json    the main figures with intervals, gains and corrected p
tables.json    the tables, the paragraph and what is missing, as data for a page
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from modeling.learner.evaluation_tables import escape_latex, mean_macro_f1
from modeling.learner.experiments.results import (
    FAILURES,
    FEWEST_LABELS,
    LARGEST_GROUPS,
    MEAN,
    METRICS,
    Results,
    SystemResults,
    score,
)
from modeling.learner.metrics import class_metrics
from modeling.learner.release import Task
from modeling.learner.run_directory import RunDirectory
from modeling.learner.seed_statistics import MIN_DIALOGUES, MIN_SEEDS
from modeling.learner.significance import REPLICATES, p_text

METRIC_NAMES = {
    "macro_f1": "macro-F1",
    "weighted_f1": "weighted F1",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auroc": "AUROC",
    "ap": "average precision",
    "quadratic_kappa": "quadratic kappa",
    "ece": "calibration error (ECE)",
}
SIGNIFICANT = 0.05
FORMULA = re.compile(r"'*[=+\-@\t\r]")  # how text begins that a spreadsheet may run
FIGURE = re.compile(r"[+-]\d[\d\s.,%±()\[\]–−]*")  # also with its interval
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  color: #1d2433; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.scroll { overflow-x: auto; } .note { color: #5b6478; font-size: .9rem; max-width: 60rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid #e3e6ee; }
th:first-child, td:first-child { text-align: left; } td.text { white-space: normal; }
thead th { border-bottom: 2px solid #9aa3b5; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body { color: #e4e8f1; background: #14171f; } a { color: #8ab4ff; }
  th, td { border-color: #2c3242; } .note { color: #a2abbd; }
}
"""


@dataclass
class Table:
    """A table of texts; `links` are addresses for the first cells of rows, `best` the cells (row,
    column) that stand out. `kind` says which it is, `of` what it is of: a metric, a task, a group.
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    note: str = ""
    links: dict[int, str] = field(default_factory=dict)
    best: set[tuple[int, int]] = field(default_factory=set)
    kind: str = ""
    of: dict[str, str] = field(default_factory=dict)

    def marked(self, kind: str, **of: str) -> "Table":
        """The same, of a kind."""
        self.kind, self.of = kind, of
        return self

    def to_json(self) -> dict[str, Any]:
        """Everything but the addresses."""
        return {
            "kind": self.kind, "of": self.of, "title": self.title, "note": self.note,
            "header": self.header, "rows": self.rows, "best": sorted(map(list, self.best)),
        }  # fmt: skip


def write_report(results: Results, out: Path) -> None:
    """Write all files of the report into a directory."""
    tables = report_tables(results)
    methods, problems = methods_paragraph(results), missing_runs(results)
    files = {
        "report.html": html_report(results.experiment.name, methods, problems, tables),
        "report.md": markdown_report(results.experiment.name, methods, problems, tables),
        "tables.tex": "\n".join(latex_table(table) for table in tables),
        "tables.csv": _tables_csv(tables),
        "results.csv": _results_csv(results),
        "report.json": json.dumps(figures(results), ensure_ascii=False, indent=1) + "\n",
        "tables.json": json.dumps(page_data(results, methods, tables), ensure_ascii=False) + "\n",
    }
    directory = RunDirectory(out)
    for name, text in files.items():
        with directory.whole_file(name) as partial:
            partial.write_text(text, "utf-8")


def page_data(results: Results, methods: str, tables: Sequence[Table]) -> dict[str, Any]:
    """What a page shows; `missing` are runs with their reasons by system."""
    return {
        "methods": methods,
        "dialogues": results.tested.dialogues,
        "utterances": len(results.tested.utterances),
        "runs": sum(len(system.runs) for system in results.systems),
        "missing": [
            {"system": system.name, "run": run, "reason": reason}
            for system in results.systems
            for run, reason in system.missing.items()
        ],
        "tables": [table.to_json() for table in tables],
    }


def summary_text(results: Results, out: Path) -> str:
    """The main tables, for a terminal, and where the rest is."""
    tables = [table for table in (_main(results), _gains(results)) if table.rows]
    text = markdown_report(results.experiment.name, "", missing_runs(results), tables)
    return f"{text}\nThe whole report is {out / 'report.html'}."


def figures(results: Results) -> dict[str, Any]:
    """The figures of the main tables as data."""
    keys = [task.key for task in results.tasks] + [MEAN]
    reference = results.reference
    return {
        "name": results.experiment.name,
        "dialogues": results.tested.dialogues,
        "utterances": len(results.tested.utterances),
        "folds": [fold.name for fold in results.folds],
        "reference": reference.name,
        "systems": {
            system.name: {
                "seeds": sorted(system.seeds),
                "tuned": dict(system.chosen),
                "missing": system.missing,
                "metrics": {
                    key: {metric: row for metric in METRICS
                          if (row := results.summary(system, key, metric))}
                    for key in keys
                },
            }
            for system in [*results.systems, results.majority]
        },
        "gains": results.gains,
    }  # fmt: skip


def report_tables(results: Results) -> list[Table]:
    """All tables that there is something to put into."""
    tables = [_main(results).marked("main"), _gains(results).marked("gains")]
    tables += [_metric(results, metric).marked("metric", metric=metric)
               for metric in METRICS if metric != "macro_f1"]  # fmt: skip
    tables += [_classes(results, task).marked("classes", task=task.key) for task in results.tasks]
    for key, name in (("level", "agreement of the annotators"), ("source", "source"),
                      ("speaker", "speaker")):  # fmt: skip
        tables += [_groups(results, key, name, task).marked("groups", by=key, task=task.key)
                   for task in results.tasks]  # fmt: skip
    tables += [
        _folds(results).marked("folds"), _shares(results).marked("shares"),
        _robustness(results).marked("robustness"), _costs(results).marked("costs"),
    ]  # fmt: skip
    tables += [_failures(results, task).marked("failures", task=task.key) for task in results.tasks]
    tables.append(_runs(results).marked("runs"))
    return [table for table in tables if table.rows]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _cell(summary: Mapping[str, Any] | None) -> str:
    """A mean over seeds with its interval."""
    if summary is None:
        return "–"
    if summary["low"] is None:
        return _percent(summary["mean"])
    low, high = _percent(summary["low"]), _percent(summary["high"])
    return f"{_percent(summary['mean'])} [{low}, {high}]"


def _highest(values: Sequence[Sequence[float | None]], sign: int = 1) -> set[tuple[int, int]]:
    """The best cells of columns of figures in which not all are the same."""
    best = set()
    for column in range(len(values[0]) if len(values) > 1 else 0):
        known = [sign * v for row in values if (v := row[column]) is not None]
        for number, row in enumerate(values):
            value = row[column]
            if value is not None and sign * value == max(known) > min(known):
                best.add((number, column + 1))
    return best


def _systems_table(results: Results, title: str, metric: str, note: str) -> Table:
    """A metric of each system by task and in the mean, the majority class last."""
    keys = [task.key for task in results.tasks]
    keys += [MEAN] if len(results.own_tasks) > 1 else []
    rows: list[list[str]] = []
    values: list[list[float | None]] = []
    links: dict[int, str] = {}
    for number, system in enumerate([*results.systems, results.majority]):
        summaries = [results.summary(system, key, metric) for key in keys]
        if not any(summaries):
            continue
        links[len(rows)] = "" if number == len(results.systems) else f"#runs-{system.slug}"
        rows.append([system.name, *map(_cell, summaries)])
        values.append([each["mean"] if each else None for each in summaries])
    shown = [column for column, key in enumerate(keys) if any(row[column + 1] != "–"
                                                              for row in rows)]  # fmt: skip
    best = _highest(values[: len(results.systems)], -1 if metric == "ece" else 1) if rows else set()
    return Table(
        title, ["", *(keys[c] for c in shown)],
        [[row[0], *(row[c + 1] for c in shown)] for row in rows] if shown else [],
        note, {row: link for row, link in links.items() if link},
        {(row, shown.index(c - 1) + 1) for row, c in best if c - 1 in shown},
    )  # fmt: skip


def _main(results: Results) -> Table:
    seeds = max((len(system.seeds) for system in results.systems), default=0)
    note = f"Percent, {_seeds_words(seeds)}; {results.tested.dialogues} dialogues are tested on."
    if seeds < MIN_SEEDS or results.tested.dialogues < MIN_DIALOGUES:
        note += f" Intervals need {MIN_SEEDS} seeds and {MIN_DIALOGUES} dialogues."
    if any(task.is_correlation for task in results.tasks):
        note += " The mean does not count correlations."
    return _systems_table(results, "Macro-F1", "macro_f1", note)


def _seeds_words(seeds: int) -> str:
    if seeds == 1:
        return "one seed"
    return f"mean of {seeds} seeds" + (" with 95 % intervals" if seeds >= MIN_SEEDS else "")


def _metric(results: Results, metric: str) -> Table:
    name = METRIC_NAMES[metric]
    return _systems_table(results, name[0].upper() + name[1:], metric, "Percent.")


def _gains(results: Results) -> Table:
    reference = results.reference
    gains = results.gains
    keys = [task.key for task in results.tasks] + [MEAN]
    keys = [key for key in keys if any(key in row for row in gains.values())]
    rows = []
    for name, by_task in gains.items():
        cells = [name]
        for key in keys:
            row = by_task.get(key)
            if row is None:
                cells.append("–")
                continue
            star = " *" if row["p_holm"] < SIGNIFICANT else ""
            ends = f"[{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
            cells.append(f"{100 * row['gain']:+.1f} {ends}, {p_text(row['p_holm'])}{star}")
        rows.append(cells)
    note = (
        f"Points of macro-F1, paired bootstrap over dialogues and seeds ({REPLICATES:,} replicates,"
        " 95 % intervals). p is corrected over all systems and tasks of this table (Holm);"
        f" * is below {SIGNIFICANT}."
    )
    if results.tested.dialogues < MIN_DIALOGUES:
        note += f" With fewer than {MIN_DIALOGUES} dialogues neither says anything."
    return Table(f"Gain over {reference.name}", ["", *keys], rows, note)


def _classes(results: Results, task: Task) -> Table:
    key = task.key
    rows, values, counts = [], [], [0] * len(task.classes)
    for system in results.systems:
        found = [class_metrics(own[key].gold.tolist(), own[key].predicted.tolist(),
                               len(task.classes))
                 for own in system.seeds.values() if key in own]  # fmt: skip
        if not found:
            continue
        counts = [int(each["n"]) for each in found[0]]
        means = [float(np.mean([seed[c]["f1"] for seed in found]))
                 for c in range(len(task.classes))]  # fmt: skip
        rows.append([system.name, *map(_percent, means)])
        values.append(means)
    header = ["", *(f"{name} (n = {n})" for name, n in zip(task.classes, counts, strict=True))]
    best = _highest(values) if values else set()
    return Table(f"F1 by class: {key}", header, rows, "Percent, mean of the seeds.", best=best)


def _groups(results: Results, key: str, name: str, task: Task) -> Table:
    groups = results.groups(key, task.key)
    if len(groups) < 2:
        return Table("", [], [])
    rows, values, counts = [], [], dict.fromkeys(groups, 0)
    for system in results.systems:
        means: list[float | None] = []
        for group, inside in groups.items():
            parts = [own[task.key].only(inside[own[task.key].rows])
                     for own in system.seeds.values() if task.key in own]  # fmt: skip
            counts[group] = max(counts[group], *(len(part.gold) for part in parts), 0)
            scores = [s for part in parts if (s := score(part, "macro_f1", task)) is not None]
            means.append(float(np.mean(scores)) if scores else None)
        if system.seeds:
            rows.append([system.name, *map(_percent, means)])
            values.append(means)
    note = "Macro-F1 in percent, mean of the seeds."
    if key != "level":
        note += f" The {LARGEST_GROUPS} largest with at least {FEWEST_LABELS} labels."
    header = ["", *(f"{group} (n = {n})" for group, n in counts.items())]
    best = _highest(values) if values else set()
    return Table(f"By {name}: {task.key}", header, rows, note, best=best)


def _folds(results: Results) -> Table:
    """Macro-F1 in the mean of the tasks, of each fold."""
    if len(results.folds) < 2:
        return Table("", [], [])
    rows = [[system.name, *(_mean_of_runs(results, system, fold=fold.name)
                            for fold in results.folds)]
            for system in results.systems if system.runs]  # fmt: skip
    return Table("By fold", ["", *(fold.name for fold in results.folds)], rows,
                 "Macro-F1 in percent, mean of the tasks and of the seeds.")  # fmt: skip


def _shares(results: Results) -> Table:
    shares = results.experiment.train_shares
    if len(shares) < 2:
        return Table("", [], [])
    rows = [[system.name, *(_mean_of_runs(results, system, share=share) for share in shares)]
            for system in results.systems if system.runs]  # fmt: skip
    return Table("Size of the training set", ["", *(f"{share:.0%}" for share in shares)], rows,
                 "Macro-F1 in percent, mean of the tasks, folds and seeds.")  # fmt: skip


def _mean_of_runs(
    results: Results, system: SystemResults, fold: str = "", share: float = 1.0
) -> str:
    own = [task.key for task in results.own_tasks]
    scores = [row["tasks"][key]["macro_f1"] for row in system.runs for key in own
              if row["share"] == share and fold in ("", row["fold"])
              and row["tasks"].get(key)]  # fmt: skip
    return _percent(float(np.mean(scores)) if scores else None)


def _robustness(results: Results) -> Table:
    names = list(dict.fromkeys(name for system in results.systems for row in system.runs
                               for name in row["robustness"]))  # fmt: skip
    own = [task.key for task in results.own_tasks]
    rows = []
    for system in results.systems if names else []:
        cells = [system.name, _mean_of_runs(results, system)]
        for name in names:
            scores = [row["robustness"][name][key]["macro_f1"] for row in system.runs for key in own
                      if row["robustness"].get(name, {}).get(key)]  # fmt: skip
            cells.append(_percent(float(np.mean(scores)) if scores else None))
        rows.append(cells)
    note = (
        "Macro-F1 in percent, mean of the tasks, folds and seeds, of the same trained systems on"
        " the test set; noise on sound and picture in standard deviations of the training frames."
    )
    return Table("Robustness", ["", "as it is", *names], rows, note)


def _costs(results: Results) -> Table:
    rows = []
    for system in results.systems:
        whole = [row for row in system.runs if row["share"] == 1]
        if not whole:
            continue

        def middle(name: str, rows: Sequence[Mapping[str, Any]] = whole) -> float | None:
            values = [row[name] for row in rows if row[name] is not None]
            return float(np.median(values)) if values else None

        parameters, memory = middle("parameters"), middle("memory")
        rows.append([
            system.name,
            "–" if parameters is None else f"{parameters:,.0f}",
            *("–" if (v := middle(name)) is None else f"{v:,.1f}" for name in ("seconds", "cpu")),
            "–" if memory is None else f"{memory:,.0f}",
            "–" if (epoch := middle("epoch")) is None else f"{epoch:.0f}",
            f"{system.trials or '–'}",
        ])  # fmt: skip
    header = ["", "parameters", "seconds", "CPU seconds", "memory, MB", "best epoch", "trials"]
    note = (
        "Median of the runs. CPU seconds are from the first to the last epoch; memory is the peak"
        " of the process, which may have trained other systems before."
    )
    return Table("Cost of a run", header, rows, note)


def _failures(results: Results, task: Task) -> Table:
    key = task.key
    if not any(system.seeds for system in results.systems):
        return Table("", [], [])
    rows = []
    for place, predicted, probability in results.failures(task):
        _, dialogue, u = results.tested.utterances[place]
        clip = u.clip or dialogue.clip
        where = f"{clip.name}, {u.start:.1f} s" if clip and u.start is not None else ""
        rows.append([u.id, u.gold[key], predicted, _percent(probability), u.text, where])
    note = (
        f"At most {FAILURES} test utterances that no system got right in any seed, those with the"
        " lowest mean probability of gold."
    )
    header = ["utterance", "gold", "predicted most", "probability of gold", "text", "clip"]
    return Table(f"Failure cases: {key}", header, rows, note)


def _runs(results: Results) -> Table:
    header = ["system", "fold", "training set", "seed", "macro-F1", "best epoch",
              "test evaluations", "directory"]  # fmt: skip
    own = [task.key for task in results.own_tasks]
    rows: list[list[str]] = []
    links: dict[int, str] = {}
    for system in results.systems:
        for row in system.runs:
            average = mean_macro_f1({key: row["tasks"].get(key) for key in own})
            links[len(rows)] = f"{row['place']}/evaluation.json"
            rows.append([
                row["system"], row["fold"], f"{row['share']:.0%}", str(row["seed"]),
                _percent(average), str(row["epoch"]),
                str(row["test_evaluations"]), row["place"],
            ])  # fmt: skip
    return Table("Runs", header, rows, "Mean macro-F1 of the tasks in percent.", links)


def methods_paragraph(results: Results) -> str:
    """What was done, in sentences for a paper."""
    experiment, folds = results.experiment, results.folds
    systems = ", ".join(system.name for system in experiment.systems)
    release = folds[0].release
    splits = experiment.splits
    divided = {
        "official": "on the release's own splits",
        "folds": f"by {len(folds)}-fold cross-validation over whole dialogues",
        "source": f"by leaving one of {len(folds)} sources out",
        "speaker": f"by leaving one of {len(folds)} speakers out (no dialogue in which they speak"
        " is trained on, their own utterances are scored)",
    }[splits.by]
    if experiment.test_release:
        divided = f"across corpora ({folds[0].name}; labels mapped where their words differ)"
    seeds = len(experiment.seeds)
    sentences = [
        f"We compared {len(experiment.systems)} systems ({systems}) on {release.corpus}"
        f" {release.version} {divided}, with {seeds} {'seed' if seeds == 1 else 'seeds'} each.",
        f"The tasks are {', '.join(task.key for task in results.tasks)}.",
        "All systems read the same features, share losses, batches and early stopping, and choose"
        " epoch, temperature and threshold on the validation set; labels of the test set were not"
        " read before a run was frozen, and each evaluation on it is counted.",
    ]
    if experiment.tuning.trials:
        space = "; ".join(f"{name}: {', '.join(map(str, values))}"
                          for name, values in experiment.tuning.space.items())  # fmt: skip
        sentences.append(
            f"Each system was tuned inside each fold by at most {experiment.tuning.trials} trials"
            f" with seed {experiment.tuning.seed} (its defaults, then random draws, the same for"
            f" all, from {space}), chosen by the mean validation macro-F1."
        )
    else:
        sentences.append("No hyperparameter was tuned.")
    if len(experiment.train_shares) > 1:
        shares = ", ".join(f"{share:.0%}" for share in experiment.train_shares)
        sentences.append(
            f"Training sets of {shares} of the dialogues were drawn by the seed, smaller ones out"
            " of larger ones, with the hyperparameters of the whole."
        )
    sentences.append(
        "Figures are means over seeds with Student's 95 % intervals; where there are folds, their"
        " predictions of a seed are scored together. Systems are compared by a paired bootstrap"
        f" over dialogues and seeds ({REPLICATES:,} replicates) with p values corrected by Holm's"
        " method over all comparisons."
    )
    return " ".join(sentences)


def missing_runs(results: Results) -> list[str]:
    """Runs that are not there, and why: a line a system and reason."""
    lines = []
    for system in results.systems:
        reasons: dict[str, list[str]] = defaultdict(list)
        for run, reason in system.missing.items():
            reasons[reason].append(run)
        for reason, runs in reasons.items():
            more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
            lines.append(f"{runs[0]}{more}: {reason}")
    return lines


def html_report(name: str, methods: str, problems: Sequence[str], tables: Sequence[Table]) -> str:
    """One page that needs no other file."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(name)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(name)}</h1><p>{escape(methods)}</p>",
    ]
    if problems:
        lines = "".join(f"<li>{escape(line)}</li>" for line in problems)
        parts.append(f"<h2>Runs that are missing</h2><ul>{lines}</ul>")
    for table in tables:
        parts.append(f"<h2>{escape(table.title)}</h2>")
        if table.note:
            parts.append(f'<p class="note">{escape(table.note)}</p>')
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.header)
        parts.append(f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>')
        seen: set[str] = set()
        for number, row in enumerate(table.rows):
            anchor = ""
            if table.title == "Runs" and row[0] not in seen:
                seen.add(row[0])
                slug = Path(row[-1]).parts[1]
                anchor = f' id="runs-{escape(slug)}"'
            parts.append(f"<tr{anchor}>{_html_row(table, number)}</tr>")
        parts.append("</tbody></table></div>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _html_row(table: Table, number: int) -> str:
    cells = []
    for column, text in enumerate(table.rows[number]):
        words = escape(text)
        if (number, column) in table.best:
            words = f"<strong>{words}</strong>"
        if column:
            kind = ' class="text"' if table.header[column] == "text" else ""
            cells.append(f"<td{kind}>{words}</td>")
            continue
        if link := table.links.get(number):
            words = f'<a href="{escape(link)}">{words}</a>'
        cells.append(f'<th scope="row">{words}</th>')
    return "".join(cells)


def markdown_report(
    name: str, methods: str, problems: Sequence[str], tables: Sequence[Table]
) -> str:
    """The same in Markdown."""
    parts = [f"# {name}", *filter(None, [methods])]
    if problems:
        parts += ["## Runs that are missing", "\n".join(f"- {line}" for line in problems)]
    for table in tables:
        lines = [_markdown_row(table.header), "|---" * len(table.header) + "|"]
        lines += [_markdown_row([f"**{cell}**" if (number, column) in table.best else cell
                                 for column, cell in enumerate(row)])
                  for number, row in enumerate(table.rows)]  # fmt: skip
        parts += [f"## {table.title}", *filter(None, [table.note]), "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    plain = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(plain)} |"


def latex_table(table: Table) -> str:
    """A booktabs table; the first column is left-aligned."""

    def cell(text: str, best: bool) -> str:
        words = escape_latex(" ".join(text.split())).replace("–", "--")
        return rf"\textbf{{{words}}}" if best else words

    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{cell(f'{table.title}. {table.note}'.strip(), best=False)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
        r"\toprule",
        " & ".join(cell(each, best=False) for each in table.header) + r" \\",
        r"\midrule",
        *(
            " & ".join(cell(each, (number, column) in table.best)
                       for column, each in enumerate(row)) + r" \\"
            for number, row in enumerate(table.rows)
        ),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _tables_csv(tables: Sequence[Table]) -> str:
    return _csv(
        ["table", "row", "column", "text"],
        [[table.title, row[0], name, cell] for table in tables for row in table.rows
         for name, cell in zip(table.header[1:], row[1:], strict=True)],
    )  # fmt: skip


def _results_csv(results: Results) -> str:
    rows = []
    for system in results.systems:
        for run in system.runs:
            conditions = {"": run["tasks"], **run["robustness"]}
            for condition, tasks in conditions.items():
                for task, row in tasks.items():
                    rows += [
                        [system.name, run["fold"], run["share"], run["seed"], condition, task,
                         metric, row[metric]]
                        for metric in METRICS if row and row.get(metric) is not None
                    ]  # fmt: skip
    header = ["system", "fold", "train_share", "seed", "condition", "task", "metric", "value"]
    return _csv(header, rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV; a cell that a spreadsheet would run as a formula is preceded by ', as in
    core/csv_export.py.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell)
                         and not FIGURE.fullmatch(cell) else cell for cell in row])  # fmt: skip
    return stream.getvalue()
