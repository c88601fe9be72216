"""The tables of a protocol's report as its page shows them, in the reader's language."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.templatetags.scheme import named
from corpus.models import Utterance

PARTS = {  # of the page -> kinds of tables
    "overview": ("main", "gains"),
    "metrics": ("metric",),
    "groups": ("classes", "groups"),
    "conditions": ("folds", "shares", "robustness", "costs"),
    "failures": ("failures",),
    "runs": ("runs",),
}
NAMES = {  # of the parts beside the overview, as their tabs have them
    "metrics": gettext_lazy("Metrics"),
    "groups": gettext_lazy("Classes and groups"),
    "conditions": gettext_lazy("Conditions and cost"),
    "failures": gettext_lazy("Failure cases"),
    "runs": gettext_lazy("Runs"),
}
METRICS = {
    "weighted_f1": gettext_lazy("weighted F1"),
    "accuracy": gettext_lazy("accuracy"),
    "balanced_accuracy": gettext_lazy("balanced accuracy"),
    "auroc": "AUROC",
    "ap": gettext_lazy("average precision"),
    "quadratic_kappa": gettext_lazy("quadratic kappa"),
    "ece": gettext_lazy("calibration error (ECE)"),
}
GROUPS = {
    "level": gettext_lazy("by agreement of the annotators"),
    "source": gettext_lazy("by source"),
    "speaker": gettext_lazy("by speaker"),
}
NOTES = {
    "main": gettext_lazy(
        "Percent; mean over the seeds with 95 % intervals where there are three seeds and enough"
        " dialogues. The mean does not count correlations. The best of each column is bold."
    ),
    "gains": gettext_lazy(
        "Points of macro-F1 over the reference system: paired bootstrap over dialogues and seeds,"
        " 95 % intervals; p is corrected over all systems and tasks (Holm), * is below 0.05."
    ),
    "metric": gettext_lazy("Percent, mean over the seeds with 95 % intervals."),
    "classes": gettext_lazy("F1 in percent, mean over the seeds."),
    "groups": gettext_lazy("Macro-F1 in percent, mean over the seeds; groups with enough labels."),
    "folds": gettext_lazy("Macro-F1 in percent, mean over tasks and seeds."),
    "shares": gettext_lazy("Macro-F1 in percent, mean over tasks, folds and seeds."),
    "robustness": gettext_lazy(
        "Macro-F1 in percent of the same trained systems; noise on sound and picture in standard"
        " deviations of the training frames."
    ),
    "costs": gettext_lazy(
        "Median of the runs. CPU seconds are from the first to the last epoch; memory is the peak"
        " of the process, which may have trained other systems before."
    ),
    "failures": gettext_lazy(
        "Test utterances that no system got right with any seed, those with the lowest mean"
        " probability of the gold label first."
    ),
    "runs": gettext_lazy("Macro-F1 in percent, mean over the tasks."),
}
WORDS = {  # of headers and first cells
    "mean": gettext_lazy("mean"),
    "majority class": gettext_lazy("majority class"),
    "all agree": gettext_lazy("all agree"),
    "two thirds or more": gettext_lazy("two thirds or more"),
    "fewer": gettext_lazy("fewer"),
    "as it is": gettext_lazy("as it is"),
    "parameters": gettext_lazy("parameters"),
    "seconds": gettext_lazy("seconds"),
    "CPU seconds": gettext_lazy("CPU seconds"),
    "memory, MB": gettext_lazy("memory, MB"),
    "best epoch": gettext_lazy("best epoch"),
    "trials": gettext_lazy("trials"),
    "utterance": gettext_lazy("utterance"),
    "gold": gettext_lazy("gold label"),
    "predicted most": gettext_lazy("predicted most often"),
    "probability of gold": gettext_lazy("probability of the gold label"),
    "text": gettext_lazy("text"),
    "clip": gettext_lazy("clip"),
    "system": gettext_lazy("system"),
    "fold": gettext_lazy("fold"),
    "training set": gettext_lazy("training set"),
    "seed": gettext_lazy("seed"),
    "macro-F1": "macro-F1",
    "test evaluations": gettext_lazy("test evaluations"),
    "directory": gettext_lazy("directory"),
    "official": gettext_lazy("official"),
    "without text": gettext_lazy("without text"),
    "without audio": gettext_lazy("without sound"),
    "without vision": gettext_lazy("without picture"),
}
TEXTS = {"text", "clip", "directory", "utterance", "gold", "predicted most", "system", "fold"}
KEYS = {"gold", "predicted most", "fold"}  # columns of words that the reader's language has
MAJORITY = "majority class"
FIGURE = re.compile(r"([+-]?[\d.,]+|–)(?: (\[[^\]]*\]))?(?:, (p .*?|p.*?))?( \*)?$")
FOLD = re.compile(r"fold (\d+)$")
COUNTED = re.compile(r"(.*) \(n = (\d+)\)$", re.DOTALL)


@dataclass
class Cell:
    """What stands in a cell: a figure, and an interval and p below it; or a text."""

    text: str
    below: list[str] = field(default_factory=list)
    best: bool = False
    is_text: bool = False
    star: bool = False
    link: Any = None  # utterance
    system: bool = False  # the name of one


@dataclass
class ShownTable:
    """A table of the page; `name` is its address in the page."""

    name: str
    kind: str
    title: str
    note: str
    header: list[dict[str, Any]]
    rows: list[list[Cell]]


def tables_of(protocol, data, part, tasks):
    """The tables of a part of the page."""
    return [
        _shown(protocol, table, number, tasks)
        for number, table in enumerate(data["tables"])
        if table["kind"] in PARTS[part]
    ]


def parts_of(data):
    """Names of the parts that have a table, in order."""
    kinds = {table["kind"] for table in data["tables"]}
    return [part for part, own in PARTS.items() if kinds & set(own)]


def _shown(protocol, table, number, tasks):
    task = next((t for t in tasks if t.key == table["of"].get("task")), None)
    names = {t.key: named(t) for t in tasks}
    values = {value.key: named(value) for value in task.values} if task else {}
    best = {tuple(place) for place in table["best"]}
    header, kind = table["header"], table["kind"]
    texts = {place for place, word in enumerate(header) if word in TEXTS and place}
    rows = [
        [_cell(text, (row, column) in best, column in texts or not column,
               header[column] in KEYS or (not column and text == MAJORITY), values)
         for column, text in enumerate(cells)]
        for row, cells in enumerate(table["rows"])
    ]  # fmt: skip
    if kind == "failures":
        _link(protocol, rows)
    for cells, texts_of_row in zip(rows, table["rows"], strict=True):
        cells[0].system = texts_of_row[0] != MAJORITY
    own_words = kind == "groups" and table["of"]["by"] != "level"  # names of sources, speakers
    return ShownTable(
        f"table-{number}", kind, _title(protocol, table, names), str(NOTES[kind]),
        [_header(word, names | values, place in texts, own_words)
         for place, word in enumerate(header)],
        rows,
    )  # fmt: skip


def _title(protocol, table, names):
    of = table["of"]
    task = names.get(of.get("task"), of.get("task", ""))
    kind = table["kind"]
    if kind == "gains":
        reference = protocol.specification.get("reference") or table["title"].partition("over ")[2]
        return _("Gain over %(name)s") % {"name": reference}
    if kind == "metric":
        name = str(METRICS.get(of["metric"], of["metric"]))
        return name[:1].upper() + name[1:]
    if kind == "classes":
        return _("%(task)s by class") % {"task": task}
    if kind == "groups":
        return f"{task} · {GROUPS[of['by']]}"
    if kind == "failures":
        return task
    return str({
        "main": _("Macro-F1"),
        "folds": _("By fold"),
        "shares": _("Size of the training set"),
        "robustness": _("Robustness"),
        "costs": _("Cost of a run"),
        "runs": _("Runs"),
    }[kind])  # fmt: skip


def _word(text):
    """A word of the report in the reader's language."""
    if fold := FOLD.match(text):
        return _("fold %(n)s") % {"n": fold[1]}
    return str(WORDS.get(text, text))


def _header(word, names, is_text, own_words):
    counted = COUNTED.match(word)
    name, n = counted.groups() if counted else (word, "")
    shown = name if own_words else str(names.get(name) or _word(name))
    return {"name": shown, "n": n, "is_text": is_text}


def _cell(text, best, is_text, is_key, values):
    if is_text:
        return Cell(
            str(values.get(text) or _word(text)) if is_key else text, best=best, is_text=True
        )
    figure = FIGURE.match(text)
    if figure is None:
        return Cell(text, best=best)
    below = [each.replace("-", "−") for each in figure.groups()[1:3] if each]
    return Cell(figure[1].replace("-", "−"), below, best, star=bool(figure[4]))


def _link(protocol, rows):
    """Give the first cell of failure cases their utterance, where the corpus still has it."""
    tested = protocol.test_release or protocol.release
    uids = {row[0].text: row[0].text.rpartition("/")[2] for row in rows}
    found = Utterance.objects.filter(corpus=tested.corpus_id, uid__in=uids.values())
    by_uid = {u.uid: u for u in found.select_related("dialogue")}
    for row in rows:
        row[0].link = by_uid.get(uids[row[0].text])
        row[0].text = uids[row[0].text]
