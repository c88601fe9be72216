"""Plain: any labelled table, by a mapping that a person made: what each column is, and each value.

    mapping = Mapping.from_json(json.loads(Path("mapping.json").read_text()))
    table = read(Path("labels.csv"), mapping)

A mapping decides every value: one of ours, or "" to leave it out. A value that it does not know is
an error that names it, never a guess.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import UserError, gettext_noop
from core.normalization import normalized
from corpus import tabular
from corpus.formats import FormatError, Judged, Row, Table, any_table
from corpus.formats.layout import LONGEST, SPLITS
from corpus.formats.votes import VotesError, counts_in, list_in, named_in, of_unnamed
from corpus.problems import Problem
from corpus.transcripts import TranscriptError
from corpus.transcripts.times import seconds as clock

VERSION = 1
ROLES = (
    *("dialogue", "utterance", "speaker", "text", "start", "end", "split"),
    *("translation", "source", "annotator"),
)
KINDS = ("label", "annotators", "counts", "list", "object")
FILE = "#file"  # instead of a column: the name of the file
ROW = "#row"  # each row is a dialogue of its own
TIMES = ("auto", "milliseconds")
MOST_SHOWN = 12  # undecided values that a message names
SPLIT_WORDS = {
    **SPLITS,
    "validation": "valid",
    "val": "valid",
    "训练": "train",
    "训练集": "train",
    "验证": "valid",
    "验证集": "valid",
    "开发集": "valid",
    "测试": "test",
    "测试集": "test",
}


@dataclass(frozen=True)
class TaskMapping:
    """One task, and the columns that answer it.

    `kind` says how: "label" (one settled label), "annotators" (a column for each, called in
    `names`), "counts" (votes for each value, by position from 1), "list" (votes, whose raters the
    column `raters` may name) or "object" (rater -> vote). `values` maps theirs (a position, for
    counts) to ours; "" leaves it out.
    """

    task: dict[str, Any]  # as a scheme is written
    kind: str
    columns: tuple[str, ...]
    values: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)
    raters: str = ""

    @property
    def key(self) -> str:
        return str(self.task["key"])


@dataclass(frozen=True)
class Mapping:
    """What the columns of a table are, and what their values mean."""

    columns: dict[str, str]  # role -> column, FILE or ROW
    tasks: tuple[TaskMapping, ...] = ()
    times: str = "auto"  # clock times and seconds, or milliseconds

    def to_json(self) -> dict[str, Any]:
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, data: Any) -> "Mapping":
        """The mapping that `to_json` wrote. Raises UserError for one that makes no sense."""
        try:
            tasks = tuple(
                TaskMapping(
                    dict(each["task"]),
                    _one_of(each["kind"], KINDS),
                    tuple(map(_word, each["columns"])),
                    _words(each["values"]),
                    _words(each.get("names", {})),
                    _word(each.get("raters", "")),
                )
                for each in data.get("tasks", [])
            )
            columns = _words(data["columns"])
            for role in columns:
                _one_of(role, ROLES)
            mapping = cls(columns, tasks, _one_of(data.get("times", "auto"), TIMES))
            for each in tasks:
                _word(each.task["key"])
                keys = [_word(value["key"]) for value in each.task["values"]]
                for value in filter(None, each.values.values()):
                    _one_of(value, keys)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise UserError(
                gettext_noop("The mapping cannot be read: %(why)s"), why=str(error)[:300]
            ) from error
        if not mapping.columns.get("text"):
            raise UserError(gettext_noop("Choose the column of the text."))
        return mapping

    @property
    def header(self) -> set[str]:
        """The columns that a table needs to be read by it."""
        named = {column for column in self.columns.values() if not column.startswith("#")}
        for each in self.tasks:
            named |= {*each.columns, *([each.raters] if each.raters else [])}
        return named


def _one_of(value: Any, known: Iterable[str]) -> str:
    if value not in (known := list(known)):
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return str(value)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _words(value: Any) -> dict[str, str]:
    return {_word(key): _word(word) for key, word in value.items()}


class Undecided(FormatError):
    """Values that the mapping does not know."""


def read(path: Path, mapping: Mapping) -> Table:
    """The utterances and labels of one file. Raises FormatError."""
    found = any_table.read(path)
    missing = sorted(mapping.header - set(found.columns))
    if missing:
        raise FormatError(
            gettext_noop("%(file)s: the mapping needs the columns %(missing)s."),
            file=path.name,
            missing=", ".join(missing),
        )
    _refuse_undecided(path, found, mapping)
    table = Table(
        split=next((s for key, s in SPLITS.items() if key in path.stem.lower()), ""),
        problems=list(found.problems),
        scheme=[each.task for each in mapping.tasks],
        values={each.key: tuple(v["key"] for v in each.task["values"]) for each in mapping.tasks},
        ignored=[name for name in found.columns if name not in mapping.header],
    )
    reader = _Reader(path, mapping, table)
    for row in found.rows:
        reader.read(row)
    _part_dialogues(table)
    if not mapping.tasks:
        table.scheme = None
    table.problems.sort(key=lambda problem: problem.line)
    return table


def joined(tables: MappingType[Path, Table], mapping: Mapping) -> dict[Path, Table]:
    """Of files that are one annotator's each: one table, with everybody's answers."""
    if mapping.columns.get("annotator") != FILE or len(tables) < 2:
        return dict(tables)
    first = next(iter(tables))
    whole = replace(tables[first], problems=[], rows=[], split="")
    rows: dict[str, Row] = {}
    for path, table in tables.items():
        whole.problems += [
            replace(problem, column=f"{path.name}: {problem.column}") for problem in table.problems
        ]
        for row in table.rows:
            known = rows.get(row.uid)
            rows[row.uid] = replace(known, judged=known.judged + row.judged) if known else row
    whole.rows = list(rows.values())
    return {first: whole}


def _part_dialogues(table: Table) -> None:
    """Rows of a dialogue stand together; times that count from the episode count from it."""
    grouped = table.dialogues
    table.rows = []
    for rows in grouped.values():
        starts = [row.start for row in rows if row.start is not None]
        zero = min(starts, default=0.0)
        table.rows += [row.shifted(-zero) for row in rows] if zero > 0 else rows


def _refuse_undecided(path: Path, found: tabular.Table, mapping: Mapping) -> None:
    for each in mapping.tasks:
        undecided: dict[str, None] = {}
        for row in found.rows:
            for vote in votes_of(each, row.cells):
                if vote and vote not in each.values:
                    undecided[vote] = None
        if undecided:
            shown = list(undecided)[:MOST_SHOWN]
            more = " …" if len(undecided) > MOST_SHOWN else ""
            raise Undecided(
                gettext_noop(
                    "%(file)s, %(columns)s: values of %(task)s that the mapping does not decide:"
                    " %(values)s. Map each of them, or leave it out."
                ),
                file=path.name,
                columns=", ".join(each.columns),
                task=each.key,
                values=", ".join(shown) + more,
            )


def votes_of(each: TaskMapping, cells: MappingType[str, str]) -> list[str]:
    """Every vote for a task in a row, as it stands there; none where a cell holds no votes."""
    votes: list[str] = []
    for column in each.columns:
        cell = cells[column].strip()
        try:
            if each.kind == "list":
                votes += list_in(cell)
            elif each.kind == "object":
                votes += named_in(cell).values() if cell else []
            elif each.kind != "counts":
                votes.append(cell)
        except VotesError:
            continue
    return votes


class _Reader:
    """Reads rows into a table; those of one utterance, one an annotator, become one."""

    def __init__(self, path: Path, mapping: Mapping, table: Table) -> None:
        self.path, self.mapping, self.table = path, mapping, table
        self.places: dict[str, int] = {}  # uid -> its place among the rows
        self.counts: dict[str, int] = {}  # dialogue -> rows without an id

    def read(self, row: tabular.Row) -> None:
        cells = {name: cell.strip() for name, cell in row.cells.items()}

        def report(column: str, outcome: str, reason: str, **details: Any) -> None:
            value = cells.get(column, "")[:2000]
            self.table.problems.append(Problem(row.line, column, value, outcome, reason, details))

        if not any(cells.values()):
            return
        text = self._cell(cells, "text")
        dialogue = self._dialogue(cells, row.line)
        if not text or not dialogue:
            report(
                self.mapping.columns["text"],
                "rejected",
                gettext_noop("the row lacks its dialogue, its id or its text"),
            )
            return
        uid = self._uid(cells, dialogue)
        labels, judged = self._labels(cells, report)
        known = self.places.get(uid)
        if known is not None:
            self._add(known, uid, judged, report)
            return
        start, end = self._times(cells, report)
        if not labels and not judged:
            self.table.unlabelled += 1
        self.places[uid] = len(self.table.rows)
        self.table.rows.append(
            Row(
                row.line,
                dialogue,
                uid,
                self._cell(cells, "speaker"),
                text,
                start,
                end,
                labels,
                self._split(cells, report),
                translation=self._cell(cells, "translation"),
                judged=judged,
                source=self._cell(cells, "source"),
            )
        )

    def _cell(self, cells: MappingType[str, str], role: str) -> str:
        column = self.mapping.columns.get(role, "")
        return self.path.stem if column == FILE else cells.get(column, "")

    def _dialogue(self, cells: MappingType[str, str], line: int) -> str:
        chosen = self.mapping.columns.get("dialogue", "")
        if chosen in ("", ROW):
            own = cells.get(self.mapping.columns.get("utterance", ""), "")
            return own or f"{self.path.stem}_{line}"
        found = self._cell(cells, "dialogue")
        return f"{self.path.stem}_{found}" if chosen == any_table.DIALOGUE else found

    def _uid(self, cells: MappingType[str, str], dialogue: str) -> str:
        """The id of the utterance, with the dialogue's where it is a number within it."""
        own = self._cell(cells, "utterance")
        if not own:
            self.counts[dialogue] = self.counts.get(dialogue, 0) + 1
            return f"{dialogue}_{self.counts[dialogue]}"
        return f"{dialogue}_{own}" if own.isdecimal() and own != dialogue else own

    def _add(self, place: int, uid: str, judged: tuple[Judged, ...], report: Any) -> None:
        """A further row of an utterance: another annotator's answers, else it stands twice."""
        row = self.table.rows[place]
        given = {(one.annotator, one.task) for one in row.judged}
        fresh = tuple(one for one in judged if (one.annotator, one.task) not in given)
        if not self.mapping.columns.get("annotator") or len(fresh) < len(judged) or not judged:
            twice = gettext_noop("the id %(id)s stands twice; the first row was kept")
            report(self.mapping.columns.get("utterance", ""), "rejected", twice, id=uid)
        if self.mapping.columns.get("annotator"):
            self.table.rows[place] = replace(row, judged=row.judged + fresh)

    def _labels(
        self, cells: MappingType[str, str], report: Any
    ) -> tuple[dict[str, str], tuple[Judged, ...]]:
        labels: dict[str, str] = {}
        judged: list[Judged] = []
        annotator = self._cell(cells, "annotator")
        for each in self.mapping.tasks:
            if each.kind == "label":
                value = each.values.get(cells[each.columns[0]], "")
                if value and annotator:
                    judged.append(Judged(annotator, each.key, value))
                elif value and not self.mapping.columns.get("annotator"):
                    labels[each.key] = value
                elif value:
                    nobody = gettext_noop("the row names no annotator; its label was left out")
                    report(each.columns[0], "rejected", nobody)
            else:
                judged += self._votes(each, cells, report)
        return labels, tuple(judged)

    def _votes(
        self, each: TaskMapping, cells: MappingType[str, str], report: Any
    ) -> tuple[Judged, ...]:
        if each.kind == "annotators":
            given = {
                each.names.get(column, column): each.values.get(cells[column], "")
                for column in each.columns
            }
            return _named(each.key, given)
        column = each.columns[0]
        cell = cells[column]
        if not cell:
            return ()
        try:
            if each.kind == "counts":
                places = [str(place) for place in range(1, len(each.values) + 1)]
                return of_unnamed(each.key, _translated(counts_in(cell, places), each.values))
            if each.kind == "object":
                votes = named_in(cell)
                return _named(each.key, {name: each.values[v] for name, v in votes.items() if v})
            ours = [each.values.get(vote, "") for vote in list_in(cell)]
            raters = list_in(cells[each.raters]) if each.raters else []
            if raters and (len(raters) != len(ours) or len(set(raters)) != len(raters)):
                differ = gettext_noop("%(votes)d votes of %(raters)d raters; they were left out")
                report(column, "rejected", differ, votes=len(ours), raters=len(raters))
                return ()
            if raters:
                return _named(each.key, dict(zip(raters, ours, strict=True)))
            return of_unnamed(each.key, _tally(ours))
        except VotesError as error:
            report(column, "rejected", error.template, **error.values)
            return ()

    def _times(
        self, cells: MappingType[str, str], report: Any
    ) -> tuple[float | None, float | None]:
        start, end = (self._time(cells, role, report) for role in ("start", "end"))
        if start is not None and end is not None and end <= start:
            early = gettext_noop("the utterance does not end after its start %(start)s")
            report(self.mapping.columns["end"], "rejected", early, start=f"{start:.3f}")
            end = None
        elif start is not None and end is not None and end - start > LONGEST:
            long = gettext_noop("an utterance does not last %(seconds)s seconds")
            report(self.mapping.columns["end"], "rejected", long, seconds=str(round(end - start)))
            end = None
        return start, end

    def _time(self, cells: MappingType[str, str], role: str, report: Any) -> float | None:
        column = self.mapping.columns.get(role, "")
        raw = cells.get(column, "")
        if not raw:
            return None
        number = tabular.number(raw)
        if number is not None and number >= 0:
            return number / 1000 if self.mapping.times == "milliseconds" else number
        try:
            return clock(raw, column)
        except TranscriptError:
            expected = gettext_noop("expected seconds, or a time such as 00:00:17,610")
            report(column, "rejected", expected)
            return None

    def _split(self, cells: MappingType[str, str], report: Any) -> str:
        column = self.mapping.columns.get("split", "")
        raw = self._cell(cells, "split")
        if not raw:
            return ""
        if column == FILE:
            return next((s for key, s in SPLIT_WORDS.items() if key in raw.lower()), "")
        split = SPLIT_WORDS.get(raw.lower(), "")
        if not split:
            unknown = gettext_noop("expected one of %(values)s")
            report(column, "rejected", unknown, values=", ".join(SPLIT_WORDS))
        return split


def _named(task: str, given: MappingType[str, str]) -> tuple[Judged, ...]:
    return tuple(Judged(name, task, value) for name, value in given.items() if name and value)


def _translated(counts: MappingType[str, int], values: MappingType[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, count in counts.items():
        if ours := values.get(place, ""):
            found[ours] = found.get(ours, 0) + count
    return found


def _tally(values: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in filter(None, values):
        counts[value] = counts.get(value, 0) + 1
    return counts


# ---------------------------------------------------------------- what a table seems to hold

NAMES: dict[str, tuple[str, ...]] = {
    "dialogue": (
        *("dialogue", "dialogueid", "dialog", "dialogid", "conversation", "conversationid"),
        *("convid", "conv", "scene", "sceneid", "videoid", "session", "sessionid", "(dialogue)"),
        *("对话", "对话编号", "对话id", "会话", "会话编号", "场景", "片段"),
    ),
    "utterance": (
        *("utteranceid", "uttid", "uid", "id", "sentenceid", "turnid", "turn", "key", "(key)"),
        *("idx", "index", "no", "话语编号", "句子编号", "编号", "序号", "话语id", "句号"),
    ),
    "speaker": ("speaker", "speakerid", "role", "character", "name", "说话人", "说话者", "角色"),
    "text": (
        *(
            "text.response",
            "text",
            "utterance",
            "sentence",
            "content",
            "transcript",
            "transcription",
            "words",
        ),
        *("textcontent", "reply", "response"),
        *("文本", "内容", "话语", "句子", "台词", "原文", "语句"),
    ),
    "start": ("start", "starttime", "begin", "onset", "from", "开始", "开始时间", "起始时间"),
    "end": ("end", "endtime", "offset", "to", "stop", "结束", "结束时间", "终止时间"),
    "split": ("split", "mode", "subset", "partition", "fold", "划分", "数据集划分", "集合"),
    "translation": ("translation", "english", "en", "翻译", "译文"),
    "source": ("source", "episode", "show", "film", "movie", "来源", "剧集", "剧名"),
    "annotator": ("annotator", "rater", "worker", "workerid", "annotatorid", "标注者", "标注人"),
}
RATERS = ("annotators", "raters", "workers", "标注者", "标注者列表")
MOST_VALUES = 60  # different cells that a label has at most
LONGEST_VALUE = 40
COUNTS = re.compile(r"\d{3,}|\[?\d+(?:[,; ]+\d+){2,}\]?")
OF_ANNOTATOR = re.compile(
    r"(?P<stem>.+?)[\s_.-]*(?P<name>"
    r"(?:annotator|ann|rater|coder|标注者|标注员|标注人|标注)[\s_.-]*(?:\d+|[A-Za-z])"
    r"|\d+|(?<=[\s_.-])[A-Za-z]\d*)",
    re.IGNORECASE,
)
LABELS = (
    *("emotion", "sentiment", "sarcasm", "sarcastic", "irony", "humor", "humour", "label", "pride"),
    *("love", "polarity", "stance", "intent", "dialogueact", "da", "act", "valence", "arousal"),
    *("relevancy", "category", "class", "hate", "offensive", "annotation"),
    *(
        "情绪",
        "情感",
        "讽刺",
        "反讽",
        "幽默",
        "标签",
        "极性",
        "立场",
        "意图",
        "类别",
        "效价",
        "唤醒",
    ),
)


@dataclass(frozen=True)
class Column:
    """What a column holds: how many cells are filled, the different ones with their counts."""

    name: str
    filled: int
    samples: tuple[str, ...]
    values: tuple[tuple[str, int], ...]  # empty where there are too many
    list_votes: tuple[tuple[str, int], ...] = ()  # the same of its cells read as lists of votes
    object_votes: tuple[tuple[str, int], ...] = ()  # and as objects, rater -> vote
    width: int = 0  # into how many counts its first cell parts
    use: str = ""  # what it seems to be: a role, or a kind of labels
    task: str = ""
    annotator: str = ""


def survey(paths: Sequence[Path]) -> list[Column]:
    """The columns of all the files, with what each seems to be. Raises FormatError."""
    counts: dict[str, dict[str, int]] = {}
    for path in paths:
        found = any_table.read(path)
        for name in found.columns:
            counts.setdefault(name, {})
        for row in found.rows:
            for name, cell in row.cells.items():
                cell = cell.strip()
                if cell:
                    counts[name][cell] = counts[name].get(cell, 0) + 1
    columns = [_column(name, given) for name, given in counts.items()]
    return _guessed(columns, counts)


def _column(name: str, given: MappingType[str, int]) -> Column:
    samples = tuple(value[:120] for value in list(given)[:3])
    return Column(
        name,
        sum(given.values()),
        samples,
        _few(given, lambda cell: [cell]),
        _few(given, list_in),
        _few(given, _votes_of_object),
        _width(samples[0]) if samples else 0,
    )


def _few(
    given: MappingType[str, int], parse: Callable[[str], Iterable[str]]
) -> tuple[tuple[str, int], ...]:
    """What the cells hold with counts, most frequent first; nothing where it is too much."""
    counts: dict[str, int] = {}
    for cell, count in given.items():
        try:
            values = list(parse(cell))
        except VotesError:
            return ()
        for value in filter(None, values):
            counts[value] = counts.get(value, 0) + count
            if len(value) > LONGEST_VALUE or len(counts) > MOST_VALUES:
                return ()
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _votes_of_object(cell: str) -> Iterable[str]:
    return named_in(cell).values()


def _width(cell: str) -> int:
    inner = cell.strip("[](){} ")
    parts = re.split(r"[,;\s]+", inner)
    parts = parts if len(parts) > 1 else list(inner)
    return len(parts) if all(part.isdecimal() for part in parts) else 0


def _guessed(
    columns: Sequence[Column], counts: MappingType[str, MappingType[str, int]]
) -> list[Column]:
    taken: dict[str, str] = {}  # column -> role
    names = {_folded(column.name): column.name for column in reversed(columns)}
    for role, known in NAMES.items():
        found = next((names[name] for name in known if name in names), "")
        if found and found not in taken and counts[found]:
            taken[found] = role
    guessed = []
    for column in columns:
        if column.name in taken:
            guessed.append(replace(column, use=taken[column.name]))
            continue
        use, task, annotator = _labels_in(column, counts[column.name])
        guessed.append(replace(column, use=use, task=task, annotator=annotator))
    return guessed


def _labels_in(column: Column, given: MappingType[str, int]) -> tuple[str, str, str]:
    """What kind of labels a column seems to hold, of which task, and whose."""
    name = _folded(column.name)
    if not given or not any(word in name for word in LABELS):
        return ("raters", "", "") if name in RATERS else ("", "", "")
    words = list(given)[:500]
    votes = [vote for vote, _count in column.object_votes]
    if len(votes) >= 2 and not all(map(_is_fraction, votes)):
        return "object", column.name, ""
    digits = all(COUNTS.fullmatch(word) for word in words)
    if digits and len({_width(word) for word in words}) == 1 and len(given) > 3:
        return "counts", column.name, ""
    if (
        column.list_votes
        and words[0][0] != "{"
        and len(column.list_votes) < len(given)
        and any("," in w for w in words)
    ):
        return "list", column.name, ""
    if not len(column.values) >= 2 or all(_is_fraction(value) for value, _count in column.values):
        return "", "", ""
    match = OF_ANNOTATOR.fullmatch(column.name)
    if match and any(word in _folded(match["stem"]) for word in LABELS):
        return "annotators", match["stem"].strip(" _.-"), match["name"]
    return "label", column.name, ""


def _is_fraction(value: str) -> bool:
    """Whether it is a number as in a soft label, which is no label."""
    number = tabular.number(value)
    return number is not None and ("." in value or 0 <= number <= 1)


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", normalized(name))
