"""The form of a scheme: a card for each task with its values and conditions, and for each warning.

The browser names rows by tokens: the fields `task`, `t3-value`, `t3-condition`, `rule` and
`r1-condition` list them in order, so that moving a row renames nothing, and rows refer to each
other by token, so that renaming a key breaks nothing.
"""

import re
from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from annotation.scheme import (
    LONGEST_HELP,
    LONGEST_KEY,
    MOST_VALUES,
    STRENGTHS,
    YES_NO,
    Rule,
    Scheme,
    SchemeError,
    Task,
    Value,
    check_key,
    check_value_key,
)
from core.column_lengths import fitting
from core.errors import UserError
from core.translation import translate_error

TOKEN = re.compile(r"[a-z0-9]{1,12}")
MOST_ROWS = 40  # of one list
VERBS = ("add", "copy", "remove", "up", "down")
LISTS = re.compile(r"task|rule|t[a-z0-9]{1,12}-(?:value|condition)|r[a-z0-9]{1,12}-condition")
KINDS = {
    "nominal": pgettext_lazy("kind of task", "categories"),
    "ordinal": pgettext_lazy("kind of task", "ordered scale"),
    "binary": pgettext_lazy("kind of task", "yes or no"),
    "correlation": pgettext_lazy("kind of task", "correlation"),
}
ASKED = {
    "always": gettext_lazy("always"),
    "any": gettext_lazy("if one of the two tasks is …"),
    "all": gettext_lazy("depending on other answers"),
}
COLOUR_NAMES = {
    "": pgettext_lazy("colour", "none"),
    "amber": gettext_lazy("amber"),
    "blue": gettext_lazy("blue"),
    "orange": gettext_lazy("orange"),
    "pink": gettext_lazy("pink"),
    "green": gettext_lazy("green"),
    "olive": gettext_lazy("olive"),
    "grey": gettext_lazy("grey"),
    "brown": gettext_lazy("brown"),
    "teal": gettext_lazy("teal"),
}
STEPS = tuple(Value(str(n), {"en": str(n), "zh": str(n)}) for n in range(1, 6))
TWO = tuple(Value(key, {"en": "", "zh": ""}) for key in ("", ""))
NEW = {  # what a new card of each kind begins with
    "nominal": Task("", {}, "nominal", TWO),
    "ordinal": Task("", {}, "ordinal", STEPS),
    "binary": Task("", {}, "binary", YES_NO),
    "correlation": Task("", {}, "ordinal", STRENGTHS, source="?", target="?"),
}


def slug(words):
    """A key made of an English name."""
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:LONGEST_KEY]


class KeyedFields(forms.Form):
    """Fields with a key that is made of the English name where it is left empty."""

    key = forms.CharField(required=False)
    en = forms.CharField(max_length=80, error_messages={"required": gettext_lazy("Enter a name.")})
    zh = forms.CharField(max_length=80, error_messages={"required": gettext_lazy("Enter a name.")})
    help_en = forms.CharField(required=False, max_length=LONGEST_HELP)
    help_zh = forms.CharField(required=False, max_length=LONGEST_HELP)

    def the_key(self):
        """As it was sent or made; "" where there is none."""
        sent = self.data.get(self.add_prefix("key"), "").strip()
        return sent or slug(self.data.get(self.add_prefix("en"), ""))

    def clean(self):
        super().clean()
        chosen, key = self.cleaned_data, self.the_key()
        if not key and chosen.get("en"):
            self.add_error("key", _("Enter a key: the English name has no letters or digits."))
        elif key:
            try:
                self.check_key(key)
            except UserError as error:
                self.add_error("key", translate_error(error))
        return chosen | {"key": key}

    def check_key(self, key):
        raise NotImplementedError

    def names(self):
        return {"en": self.cleaned_data["en"], "zh": self.cleaned_data["zh"]}

    def help(self):
        chosen = {language: self.cleaned_data[f"help_{language}"] for language in ("en", "zh")}
        return chosen if any(chosen.values()) else {}


class TaskFields(KeyedFields):
    kind = forms.ChoiceField(choices=KINDS.items())
    asked = forms.ChoiceField(choices=ASKED.items(), required=False)
    source = forms.CharField(required=False)
    target = forms.CharField(required=False)
    only_if_any = forms.CharField(required=False, max_length=LONGEST_KEY)

    def check_key(self, key):
        check_key(key)


class ValueFields(KeyedFields):
    mark = forms.CharField(
        required=False,
        max_length=4,
        error_messages={"max_length": gettext_lazy("At most four characters.")},
    )
    colour = forms.ChoiceField(choices=COLOUR_NAMES.items(), required=False)
    digit = forms.ChoiceField(
        choices=[("", ""), *((str(n), str(n)) for n in range(1, MOST_VALUES + 1))],
        required=False,
    )

    task = ""  # key of the task that the value is of

    def check_key(self, key):
        check_value_key(key, self.task)


class ConditionFields(forms.Form):
    task = forms.ChoiceField(
        error_messages={
            "required": gettext_lazy("Choose a task."),
            "invalid_choice": gettext_lazy("Choose a task that stands above this one."),
        }
    )
    values = forms.MultipleChoiceField(
        error_messages={"required": gettext_lazy("Choose at least one value.")}
    )


class WarningFields(forms.Form):
    en = forms.CharField(
        max_length=300, error_messages={"required": gettext_lazy("Enter a sentence.")}
    )
    zh = forms.CharField(
        max_length=300, error_messages={"required": gettext_lazy("Enter a sentence.")}
    )


class Row:
    """A row of a list: its token, its fields, and what is wrong with it as a whole."""

    fields_class: type[Any]  # a form

    def __init__(self, data, name, token):
        self.data, self.name, self.token = data, name, token
        self.fields: Any = self.fields_class(data, prefix=self.prefix)
        self.faults: list[str] = []

    @property
    def prefix(self):
        return f"{self.name}{self.token}"

    @property
    def open(self):
        """Whether the browser shows what is in the card."""
        return self.prefix in self.data.getlist("open")

    def rows(self, name, kind):
        """The rows of a list within this one."""
        return [
            kind(self.data, f"{self.prefix}-{name[0]}", token)
            for token in tokens(self.data, f"{self.prefix}-{name}")
        ]


class ValueRow(Row):
    fields_class = ValueFields

    @property
    def key(self):
        return self.fields.the_key()

    @property
    def colour(self):
        return self.fields["colour"].value() or ""

    @property
    def mark(self):
        return self.fields["mark"].value() or ""

    @property
    def names(self):
        """Of the value as it stands, for those that choose it."""
        return {each: self.fields[each].value() or self.key for each in ("en", "zh")}

    def value(self):
        chosen = self.fields.cleaned_data
        return Value(
            chosen["key"],
            self.fields.names(),
            chosen["mark"],
            chosen["colour"],
            chosen["digit"],
            self.fields.help(),
        )


class ConditionRow(Row):
    """“task” is one of “values”, each by its token."""

    fields_class = ConditionFields

    def offer(self, cards):
        """Say which tasks there are to choose from."""
        self.cards = cards
        chosen = self.fields["task"].value()
        self.card = next((card for card in cards if card.token == chosen), None)
        self.ticked = set(self.data.getlist(f"{self.prefix}-values"))
        values = [each.token for each in self.card.values] if self.card else sorted(self.ticked)
        for name, offered in (("task", [each.token for each in cards]), ("values", values)):
            field = cast(forms.ChoiceField, self.fields.fields[name])
            field.choices = [(token, token) for token in offered]

    def resolve(self):
        """Key of the task and keys of the values."""
        card = cast(TaskCard, self.card)
        return card.key, [v.key for v in card.values if v.token in self.ticked]


class Conditions:
    """Rows of conditions, whichever list they are of."""

    conditions: list[ConditionRow]

    def resolved(self):
        """Task -> values of all rows; a task that stands twice is an error of its later row."""
        found: dict[str, list[str]] = {}
        for row in self.conditions:
            key, values = row.resolve()
            if key in found:
                row.fields.add_error("task", _("This task has a condition already."))
            found[key] = values
        return found


class TaskCard(Row, Conditions):
    """A task: its fields, values and conditions."""

    fields_class = TaskFields

    def __init__(self, data, name, token):
        super().__init__(data, name, token)
        self.values = self.rows("value", ValueRow)
        for row in self.values:
            row.fields.task = self.key
        self.conditions = self.rows("condition", ConditionRow)

    @property
    def key(self):
        return self.fields.the_key()

    @property
    def names(self):
        return {each: self.fields[each].value() or self.key for each in ("en", "zh")}

    @property
    def kind(self):
        sent = self.fields["kind"].value()
        return sent if sent in KINDS else "nominal"

    @property
    def scale(self):
        """Of a correlation, whatever its kind is switched to in between."""
        sent = self.data.get(f"{self.prefix}-scale")
        return sent if sent in ("nominal", "binary") else "ordinal"

    @property
    def kind_name(self):
        return KINDS[self.kind]

    @property
    def is_correlation(self):
        return self.kind == "correlation"

    @property
    def asked(self):
        sent = self.fields["asked"].value()
        return sent if sent == "all" or (sent == "any" and self.is_correlation) else "always"

    def offer(self, cards):
        self.cards = cards
        self.above = cards[: cards.index(self)]
        self.others = [card for card in cards if card is not self and not card.is_correlation]
        for condition in self.conditions:
            condition.offer(self.above)
        parents = {self.fields["source"].value(), self.fields["target"].value()}
        keys = [v.key for card in self.others if card.token in parents for v in card.values]
        self.parent_values = list(dict.fromkeys(keys))

    def usual_rows(self):
        """For each question above: its card, and for each of its values the name of the field that
        says which own value usually goes with it, and the token of that.
        """
        for card in self.above:
            if not card.is_correlation:
                names = [(v, f"{self.prefix}-usual-{card.token}-{v.token}") for v in card.values]
                rows = [(value, name, self.data.get(name, "")) for value, name in names]
                yield card, rows, any(chosen for _value, _name, chosen in rows)

    def usual(self):
        """Which of its values go with which ones of tasks above: task -> value -> value."""
        own = {value.token: value.key for value in self.values}
        found: dict[str, dict[str, str]] = {}
        for card, rows, _some in self.usual_rows():
            for value, _name, chosen in rows:
                if chosen in own:
                    found.setdefault(card.key, {})[value.key] = own[chosen]
        return found

    @property
    def has_errors(self):
        parts = [self, *self.values, *self.conditions]
        return any(part.faults or part.fields.errors for part in parts)

    def task(self):
        chosen = self.fields.cleaned_data
        parents = {card.token: card.key for card in self.others}
        source, target = parents.get(chosen["source"], ""), parents.get(chosen["target"], "")
        values = tuple(row.value() for row in self.values)
        condition = self.resolved() if self.asked == "all" else {}
        only = chosen["only_if_any"] if self.asked == "any" else ""
        if not self.is_correlation:
            return Task(chosen["key"], self.fields.names(), chosen["kind"], values,
                        only_if=condition, usual=self.usual(), help=self.fields.help())  # fmt: skip
        if not source:
            self.fields.add_error("source", _("Choose a task."))
        if not target or source == target:
            self.fields.add_error("target", _("Choose another task."))
        if self.asked == "any" and only not in self.parent_values:
            self.fields.add_error("only_if_any", _("Choose a value of one of the two tasks."))
        return Task(chosen["key"], self.fields.names(), self.scale, values, source, target, only,
                    condition, self.usual(), self.fields.help())  # fmt: skip


class WarningCard(Row, Conditions):
    """A warning: the answers that call for it, and its sentence in both languages."""

    fields_class = WarningFields

    def __init__(self, data, name, token):
        super().__init__(data, name, token)
        self.conditions = self.rows("condition", ConditionRow)

    @property
    def names(self):
        return {each: self.fields[each].value() or "" for each in ("en", "zh")}

    @property
    def has_errors(self):
        return any(part.faults or part.fields.errors for part in (self, *self.conditions))

    def offer(self, cards):
        for condition in self.conditions:
            condition.offer(cards)

    @property
    def key(self):
        return self.data.get(f"{self.prefix}-key", "")[:LONGEST_KEY]

    def rule(self):
        if not self.conditions:
            self.faults.append(_("Say which answers call for the warning: add one."))
        chosen = self.fields.cleaned_data
        return Rule(
            self.key or f"rule{self.token}",
            self.resolved(),
            {"en": chosen["en"], "zh": chosen["zh"]},
        )


class SchemeForm:
    """The whole form as it was sent, or as `SchemeForm.of` fills it in."""

    def __init__(self, data):
        self.data = data
        self.tasks = [TaskCard(data, "t", token) for token in tokens(data, "task")]
        self.warnings = [WarningCard(data, "r", token) for token in tokens(data, "rule")]
        self.note = data.get("note", "").strip()
        cards: tuple[TaskCard | WarningCard, ...] = (*self.tasks, *self.warnings)
        for card in cards:
            card.offer(self.tasks)
        self.faults: list[str] = []
        self.sent = False  # to be saved, so that errors are shown
        self.scheme = self._scheme()

    @classmethod
    def of(cls, scheme):
        return cls(fields_of(scheme))

    def _scheme(self):
        """The Scheme, or None with what is wrong on the rows."""
        try:
            fitting(self.note, "note", 200)
        except UserError as error:
            self.faults.append(translate_error(error))
        if not self.tasks:
            self.faults.append(_("A scheme needs at least one task. Add one."))
        for card in self.tasks:
            self._check_values(card)
        if any(row.fields.errors or row.faults for row in self.rows()) or self.faults:
            return None
        made = Scheme(
            tuple(card.task() for card in self.tasks),
            tuple(card.rule() for card in self.warnings),
        )
        if any(row.fields.errors or row.faults for row in self.rows()):
            return None
        return self._sound(made)

    def _sound(self, made):
        try:
            made.check_keys()
            return Scheme.from_json(made.to_json(), made.rules_to_json())
        except SchemeError as error:
            card = next((c for c in self.tasks if c.key == error.values.get("task")), None)
            (card or self).faults.append(translate_error(error))
            return None

    def _check_values(self, card):
        same = [each for each in self.tasks if each.key == card.key]
        if card.key and same[0] is not card:
            card.fields.add_error("key", _("Another task has this key. Choose another one."))
        if not 2 <= len(card.values) <= MOST_VALUES:
            card.faults.append(
                _("A task has two to nine values, one per digit key; this one has %(n)d.")
                % {"n": len(card.values)}
            )
        for names, words in (
            (lambda row: row.key, ("key", _("Another value has this key. Choose another one."))),
            (
                lambda row: row.fields["digit"].value() or "",
                ("digit", _("Another value has this digit.")),
            ),
        ):
            seen = set()
            for row in card.values:
                if names(row) and names(row) in seen:
                    row.fields.add_error(*words)
                seen.add(names(row))

    def rows(self) -> Iterator[Row]:
        for card in self.tasks:
            asked = card.conditions if card.asked == "all" else []
            yield from (card, *card.values, *asked)
        for warning in self.warnings:
            yield from (warning, *warning.conditions)

    def forget_errors(self):
        """Show none: nobody has asked to save."""
        for row in (*self.tasks, *self.warnings, *self.rows()):
            row.fields.errors.clear()
            row.faults.clear()

    def errors(self):
        """What is wrong, in order: id of the field or card, what it is about, message."""
        found = [("scheme-cards", "", fault) for fault in self.faults]
        for card in self.tasks:
            asked = card.conditions if card.asked == "all" else []
            for row in (card, *card.values, *asked):
                about = card.key or _("new task")
                found += [(f"task-{card.token}", about, fault) for fault in row.faults]
                found += _of_fields(row, about)
        for number, warning in enumerate(self.warnings, 1):
            about = _("warning %(n)d") % {"n": number}
            for row in (warning, *warning.conditions):
                found += [(f"rule-{warning.token}", about, fault) for fault in row.faults]
                found += _of_fields(row, about)
        return found


def _of_fields(row, about):
    return [
        (f"id_{row.prefix}-{name}", about, str(message))
        for name, messages in row.fields.errors.items()
        for message in messages
    ]


def tokens(data, name):
    """The tokens of a list, in order, each once."""
    found = [token for token in data.getlist(name) if TOKEN.fullmatch(token)]
    return list(dict.fromkeys(found))[:MOST_ROWS]


def fields_of(scheme):
    """What a browser would send for a scheme."""
    data = QueryDict(mutable=True)
    places = {task.key: str(n) for n, task in enumerate(scheme.tasks, 1)}
    for task in scheme.tasks:
        data.appendlist("task", places[task.key])
        _fill_task(data, places[task.key], task, places)
        _fill_usual(data, f"t{places[task.key]}", task, scheme, places)
    for n, task in enumerate(scheme.tasks, 1):
        _fill_conditions(data, f"t{n}", task.only_if, scheme, places)
    for n, rule in enumerate(scheme.rules, 1):
        data.appendlist("rule", str(n))
        _set(data, f"r{n}", {"key": rule.key, **rule.names})
        _fill_conditions(data, f"r{n}", rule.when, scheme, places)
    return data


def _set(data, prefix, fields):
    for name, words in fields.items():
        data[f"{prefix}-{name}"] = words


def _fill_task(data, token, task, places):
    prefix = f"t{token}"
    asked = "all" if task.only_if else "any" if task.only_if_any else "always"
    fields = {
        "key": task.key, "en": task.names.get("en", ""), "zh": task.names.get("zh", ""),
        "kind": "correlation" if task.is_correlation else task.scale, "scale": task.scale,
        "asked": asked, "only_if_any": task.only_if_any,
        "source": places.get(task.source, ""), "target": places.get(task.target, ""),
        "help_en": task.help.get("en", ""), "help_zh": task.help.get("zh", ""),
    }  # fmt: skip
    _set(data, prefix, fields)
    for n, value in enumerate(task.values, 1):
        data.appendlist(f"{prefix}-value", str(n))
        _fill_value(data, f"{prefix}-v{n}", value)


def _fill_usual(data, prefix, task, scheme, places):
    for other, pairs in task.usual.items():
        for value, usual in pairs.items():
            field = f"usual-{places[other]}-{scheme[other].keys.index(value) + 1}"
            _set(data, prefix, {field: str(task.keys.index(usual) + 1)})


def _fill_value(data, prefix, value):
    fields = {
        "key": value.key, "en": value.names.get("en", ""), "zh": value.names.get("zh", ""),
        "mark": value.mark, "colour": value.colour, "digit": value.digit,
        "help_en": value.help.get("en", ""), "help_zh": value.help.get("zh", ""),
    }  # fmt: skip
    _set(data, prefix, fields)


def _fill_conditions(data, prefix, when, scheme, places):
    for n, (key, values) in enumerate(when.items(), 1):
        data.appendlist(f"{prefix}-condition", str(n))
        data[f"{prefix}-c{n}-task"] = places[key]
        keys = scheme[key].keys
        ticked = [str(keys.index(value) + 1) for value in values]
        data.setlist(f"{prefix}-c{n}-values", ticked)


def changed(data, command):
    """What was sent after a command of a button: `add LIST [KIND]`, `copy | remove | up | down LIST
    TOKEN`; and the id of the row that it is about. Whatever is no command changes nothing.
    """
    verb, name, token = (*command.split(" "), "", "")[:3]
    if verb not in VERBS or not LISTS.fullmatch(name):
        return data, ""
    data = data.copy()
    rows = tokens(data, name)
    if verb == "add" and len(rows) < MOST_ROWS:
        token = _added(data, name, rows, token)
    elif token not in rows:
        return data, ""
    elif verb == "remove":
        rows.remove(token)
    elif verb == "copy" and name == "task" and len(rows) < MOST_ROWS:
        token = _copied(data, rows, token)
    elif verb in ("up", "down"):
        place = rows.index(token)
        rows.insert(max(place + (-1 if verb == "up" else 1), 0), rows.pop(place))
    data.setlist(name, rows)
    card, _dash, part = name.partition("-")
    if part:
        data.appendlist("open", card)
    return data, f"{card}-{part[0]}{token}" if part else f"{name}-{token}"


def _fresh(rows):
    return str(max((int(token) for token in rows if token.isdecimal()), default=0) + 1)


def _added(data, name, rows, kind):
    token = _fresh(rows)
    rows.append(token)
    if name == "task":
        _fill_task(data, token, NEW.get(kind, NEW["nominal"]), {})
        data.appendlist("open", f"t{token}")
    elif name == "rule":
        data.setlist(f"r{token}-condition", ["1"])
        data.appendlist("open", f"r{token}")
    return token


def _copied(data, rows, token):
    fresh, old = _fresh(rows), f"t{token}-"
    for name in [each for each in data if each.startswith(old)]:
        data.setlist(f"t{fresh}-{name.removeprefix(old)}", data.getlist(name))
    data[f"t{fresh}-key"] = f"{data.get(f'{old}key', '')}_copy"[:LONGEST_KEY]
    rows.insert(rows.index(token) + 1, fresh)
    data.appendlist("open", f"t{fresh}")
    return fresh
