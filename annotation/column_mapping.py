"""The mapping of a table as a person makes it: what each column is, then what each value means.

The first page says the use of every column; of those that hold labels, tasks follow, and the second
page says of each task which one it is and what its values mean. Together they are a Mapping
(corpus.formats.mapped_table), which a file and the command take as well.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from annotation.models import SchemeVersion, TableImport
from annotation.scheme import (
    CANNOT_TELL,
    FULL,
    LONGEST_KEY,
    Scheme,
    Task,
    Value,
    check_key,
    check_value_key,
)
from core.errors import UserError, gettext_noop
from core.normalization import normalized
from corpus.formats import LONGEST_NAMES, task_json
from corpus.formats.detection import MAPPED
from corpus.formats.mapped_table import FILE, KINDS, ROLES, ROW, Mapping

USES = (
    ("", _("not imported")),
    ("text", _("text")),
    ("dialogue", _("dialogue")),
    ("utterance", _("utterance number or id")),
    ("speaker", _("speaker")),
    ("start", _("start")),
    ("end", _("end")),
    ("split", _("split")),
    ("translation", _("translation")),
    ("source", _("source (episode)")),
    ("label", _("label")),
    ("annotators", _("label of one annotator")),
    ("annotator", _("annotator of the row")),
    ("counts", _("votes: a number for each value")),
    ("list", _("votes: a list")),
    ("raters", _("annotators of the list of votes")),
    ("object", _("votes: annotator and value")),
)
SCALES = (("nominal", _("nominal")), ("ordinal", _("ordinal")), ("binary", _("binary")))
LEAVE_OUT = "-"  # in a form: the value is left out
NEW = "+"  # in a form: a new value, called as it stands in the file
SAME = {  # words in names of columns -> key of our own task
    "emotion": ("emotion", "emotions", "emo", "情绪", "情感类别"),
    "sentiment": ("sentiment", "polarity", "情感", "情感极性", "情感倾向", "极性"),
    "sarcasm": ("sarcasm", "sarcastic", "irony", "讽刺", "反讽"),
    "humor": ("humor", "humour", "幽默"),
    "pride": ("pride", "骄傲"),
    "love": ("love", "爱情"),
}
MEANING = {  # what people write for values of our own tasks
    **dict.fromkeys(("happy", "happiness", "joy", "喜", "喜悦", "高兴", "开心", "快乐"), "joy"),
    **dict.fromkeys(("sad", "sadness", "悲", "悲伤", "难过", "伤心"), "sadness"),
    **dict.fromkeys(("angry", "anger", "怒", "愤怒", "生气"), "anger"),
    **dict.fromkeys(("fear", "scared", "惧", "恐惧", "害怕"), "fear"),
    **dict.fromkeys(("surprise", "surprised", "惊", "惊讶", "惊奇"), "surprise"),
    **dict.fromkeys(("disgust", "disgusted", "digust", "厌恶", "厌"), "disgust"),
    **dict.fromkeys(("neutral", "neu", "中性", "平静", "无"), "neutral"),
    **dict.fromkeys(("negative", "neg", "消极", "负面", "负"), "negative"),
    **dict.fromkeys(("positive", "pos", "积极", "正面", "正"), "positive"),
    **dict.fromkeys(("yes", "true", "1", "sarcastic", "humor", "是", "有"), "yes"),
    **dict.fromkeys(("no", "none", "false", "0", "否", "没有"), "no"),
}


@dataclass
class Group:
    """The columns of one task, with every value that stands in them."""

    name: str
    kind: str
    columns: list[str]
    values: list[tuple[str, int]]  # raw value, how often (0: not counted)
    names: dict[str, str] = field(default_factory=dict)  # column -> annotator
    raters: str = ""


def columns_of(row: TableImport) -> list[dict[str, Any]]:
    """The columns of the files, as the worker surveyed them, with what is chosen for each."""
    uses = row.mapping.get("uses", {})
    columns = []
    for column in row.report.get("columns", []):
        chosen = uses.get(column["name"], {})
        guess = {name: column[name] for name in ("use", "task", "annotator")}
        columns.append(column | (chosen or guess))
    return columns


def chosen_uses(row: TableImport, data) -> dict[str, Any]:
    """What the form of the columns says. Raises UserError."""
    known = {use for use, _words in USES}
    uses: dict[str, dict[str, str]] = {}
    for place, column in enumerate(row.report.get("columns", [])):
        use = data.get(f"use-{place}", "")
        uses[column["name"]] = {
            "use": use if use in known else "",
            "task": data.get(f"task-{place}", "").strip(),
            "annotator": data.get(f"annotator-{place}", "").strip(),
        }
    _check_uses(uses)
    return {
        "uses": uses,
        "whole": data.get("whole") if data.get("whole") in (FILE, ROW) else "",
        "per_file": data.get("per_file") == "on",
        "times": "milliseconds" if data.get("times") == "milliseconds" else "auto",
    }


def _check_uses(uses: dict[str, dict[str, str]]) -> None:
    for given in (each[name] for each in uses.values() for name in ("task", "annotator")):
        if len(given) > LONGEST_NAMES["annotator"]:
            raise UserError(
                gettext_noop("“%(name)s …” is longer than %(most)d characters. Shorten it."),
                name=given[:40],
                most=LONGEST_NAMES["annotator"],
            )
    for role in (*ROLES, "raters"):
        mine = [name for name, each in uses.items() if each["use"] == role]
        if len(mine) > 1:
            raise UserError(
                gettext_noop("The columns %(columns)s have the same use. Choose one of them."),
                columns=", ".join(mine),
            )
    if not any(each["use"] == "text" for each in uses.values()):
        raise UserError(gettext_noop("Choose the column of the text."))
    for name, each in uses.items():
        if each["use"] == "annotators" and not each["annotator"]:
            raise UserError(
                gettext_noop("Name the annotator whose labels the column %(column)s holds."),
                column=name,
            )


def groups_of(row: TableImport) -> list[Group]:
    """The tasks that follow from the uses of the columns. Raises UserError."""
    groups: dict[tuple[str, str], Group] = {}
    raters = next((c["name"] for c in columns_of(row) if c["use"] == "raters"), "")
    for column in columns_of(row):
        kind = column["use"]
        if kind not in KINDS:
            continue
        name = column["task"] or column["name"]
        if kind != "annotators" and any(known[0] == normalized(name) for known in groups):
            name = column["name"]
        group = groups.setdefault(
            (normalized(name), kind), Group(name, kind, [], [], raters=raters * (kind == "list"))
        )
        group.columns.append(column["name"])
        group.names[column["name"]] = column["annotator"]
        group.values = _added(group.values, _values(column, kind))
    return list(groups.values())


def _values(column: dict[str, Any], kind: str) -> list[tuple[str, int]]:
    """The values of a column that are to be decided. Raises UserError where there are too many."""
    if kind == "counts":
        values = [(str(place), 0) for place in range(1, column["width"] + 1)]
    else:
        where = {"list": "list_votes", "object": "object_votes"}.get(kind, "values")
        values = [(value, count) for value, count in column[where]]
    if not values:
        raise UserError(
            gettext_noop(
                "The column %(column)s has too many different values to be labels of this kind."
            ),
            column=column["name"],
        )
    return values


def _added(some, more):
    counts = dict(some)
    for value, count in more:
        counts[value] = counts.get(value, 0) + count
    return list(counts.items())


def known_tasks(corpus) -> dict[str, Task]:
    """The tasks that a table's labels may be: of the corpus' newest scheme, then our own."""
    newest = SchemeVersion.objects.filter(corpus=corpus).first()
    tasks = newest.scheme.tasks if newest else ()
    return {task.key: task for task in (*FULL.tasks, *tasks)}


def guessed_task(group: Group, tasks: dict[str, Task]) -> str:
    """The key of the task that a group seems to be; "" for a new one."""
    name = normalized(group.name).replace(" ", "_")
    if name in tasks:
        return name
    for key, task in tasks.items():
        words = {normalized(key), *(normalized(word) for word in task.names.values())}
        if name in words or name in SAME.get(key, ()):
            return key
    counted = [value for value, _count in group.values]
    fitting = [key for key, task in tasks.items() if set(counted) <= set(task.keys)]
    return fitting[0] if fitting and group.kind != "counts" else ""


def guessed_value(raw: str, task: Task | None) -> str:
    """What a value of the file seems to mean in a task: one of its keys, NEW, or LEAVE_OUT."""
    if task is None:
        return raw[:LONGEST_KEY]
    word = normalized(raw)
    for value in task.values:
        names = {normalized(value.key), *(normalized(name) for name in value.names.values())}
        if word in names:
            return value.key
    meaning = MEANING.get(word, "")
    return meaning if meaning in task.keys else ""


def compiled(row: TableImport, decisions: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole mapping, of the uses of columns and the decisions on each group: `task` (key of an
    existing one, or "" with `key`, `name` and `scale` of a new one) and `values`, raw -> chosen.

    Raises UserError.
    """
    draft = row.mapping
    columns = {each["use"]: name for name, each in draft["uses"].items() if each["use"] in ROLES}
    if "dialogue" not in columns and draft.get("whole"):
        columns["dialogue"] = draft["whole"]
    if draft.get("per_file"):
        columns["annotator"] = FILE
    tasks = known_tasks(row.corpus)
    made: list[dict[str, Any]] = []
    for group, decision in zip(groups_of(row), decisions, strict=True):
        task, values = _task(group, decision, tasks)
        made.append(
            {
                "task": task,
                "kind": group.kind,
                "columns": group.columns,
                "values": values,
                "names": group.names if group.kind == "annotators" else {},
                "raters": group.raters,
            }
        )
    keys = [each["task"]["key"] for each in made]
    if twice := next((key for key in keys if keys.count(key) > 1), ""):
        raise UserError(
            gettext_noop(
                "Two groups of columns are the task “%(task)s”. Each is a task of its own."
            ),
            task=twice,
        )
    for each in made:
        if not {each["task"]["source"], each["task"]["target"]} <= {"", *keys}:
            each["task"] |= {"source": "", "target": "", "only_if_any": ""}
    mapping = Mapping.from_json(
        {"columns": columns, "tasks": made, "times": draft.get("times", "auto")}
    )
    Scheme.from_json([each.task for each in mapping.tasks]).check_keys()
    return draft | mapping.to_json()


def with_uses(mapping: Mapping) -> dict[str, Any]:
    """A whole mapping, as it came from a file, with what the form of the columns would say."""
    uses = {
        column: {"use": role, "task": "", "annotator": ""}
        for role, column in mapping.columns.items()
        if not column.startswith("#")
    }
    for each in mapping.tasks:
        for column in each.columns:
            annotator = each.names.get(column, "")
            uses[column] = {"use": each.kind, "task": each.key, "annotator": annotator}
        if each.raters:
            uses[each.raters] = {"use": "raters", "task": "", "annotator": ""}
    whole = mapping.columns.get("dialogue", "")
    return mapping.to_json() | {
        "uses": uses,
        "whole": whole if whole in (FILE, ROW) else "",
        "per_file": mapping.columns.get("annotator") == FILE,
    }


def mapping_from_file(data: Any) -> dict[str, Any]:
    """What an import keeps of a whole mapping, as `mapping_file` gives it. Raises UserError."""
    mapping = Mapping.from_json(data)
    Scheme.from_json([each.task for each in mapping.tasks]).check_keys()
    return with_uses(mapping)


def is_mappable(row: TableImport) -> bool:
    """Whether a person says what the columns of the import are: a table, of which nothing was
    stored.
    """
    mapped = row.format_used == MAPPED and row.report.get("columns")
    return bool(mapped and not row.active and row.phase == TableImport.Phase.READ)


def decided(row: TableImport, group: Group) -> dict[str, Any] | None:
    """What was decided on a group before, as `compiled` takes it; None where nothing was."""
    if "version" not in row.mapping:
        return None
    for each in Mapping.from_json(row.mapping).tasks:
        if list(each.columns) == group.columns and each.kind == group.kind:
            known = each.key in known_tasks(row.corpus)
            values = {raw: word or LEAVE_OUT for raw, word in each.values.items()}
            return {
                "task": each.key if known else "",
                "key": each.key,
                "scale": each.task["scale"],
                "values": values,
            }
    return None


def _task(
    group: Group, decision: dict[str, Any], tasks: dict[str, Task]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The task as a scheme is written, and raw value -> key of its value."""
    chosen = decision["values"]
    existing = tasks.get(decision["task"])
    values: dict[str, str] = {}
    new: list[str] = []
    for raw, _count in group.values:
        word = chosen.get(raw, "").strip()
        if existing and not word:
            raise UserError(
                gettext_noop("%(task)s: decide what “%(value)s” means, or leave it out."),
                task=existing.key,
                value=raw,
            )
        if word in (LEAVE_OUT, ""):
            values[raw] = ""
            continue
        if word == NEW or not existing or word not in existing.keys:
            word = raw if word == NEW else word
            check_value_key(word, decision["task"] or decision["key"])
            if word == CANNOT_TELL:
                raise UserError(
                    gettext_noop("“%(value)s” is reserved for “cannot tell”. Choose another key."),
                    value=word,
                )
            if not existing or word not in existing.keys:
                new.append(word)
        values[raw] = word
    new = list(dict.fromkeys(new))
    if existing is None:
        key = decision["key"].strip()
        check_key(key)
        ordered = sorted(new, key=_order) if decision["scale"] == "ordinal" else new
        return task_json(key, decision["scale"], ordered), values
    own = [*existing.values, *(Value(word, {"en": word, "zh": word}) for word in new)]
    whole = Scheme((Task(existing.key, existing.names, existing.scale, tuple(own)),))
    return whole.to_json()[0], values


def _order(word: str) -> tuple[float, str]:
    try:
        return float(word), word
    except ValueError:
        return 0.0, word


def remembered(row: TableImport) -> Mapping | None:
    """The mapping of the corpus' last import whose files had the columns that it needs."""
    names = {column["name"] for column in row.report.get("columns", [])}
    earlier = TableImport.objects.filter(corpus=row.corpus_id, format="mapped")
    for mapping in earlier.exclude(pk=row.pk).values_list("mapping", flat=True)[:50]:
        if "version" in mapping and (known := Mapping.from_json(mapping)).header <= names:
            return known
    return None
