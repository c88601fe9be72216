"""Plain: a label scheme, its tasks with their values and scales, the correlations between tasks.

After the annotation protocol of the corpus published as CMMA (Zhang et al. 2023).
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from core.errors import UserError, gettext_noop

Scale = Literal["nominal", "ordinal", "binary"]
Names = Mapping[str, str]  # language ("en", "zh") -> words
LONGEST_KEY = 40  # characters of a key of a task or a value
OF_FORMS = frozenset({"utterance", "task", "csrfmiddlewaretoken"})  # fields beside the answers
WHY = "-why"  # what the name of a field ends with that says why
CANNOT_TELL = "cannot_tell"  # an answer that is no value of the task, where a round allows it
MOST_VALUES = 9  # of a task, one per digit
LONGEST_HELP = 300  # characters
COLOURS = ("amber", "blue", "orange", "pink", "green", "olive", "grey", "brown", "teal")
OPTIONAL = ("colour", "digit", "help", "only_if", "usual")  # left out of what is stored where empty


class SchemeError(UserError):
    """A scheme, or a value under it, that makes no sense; the message says why."""


def check_key(key: Any) -> None:
    """Raise SchemeError unless a task can be called so in data, tables, addresses and forms:
    letters and digits of any script, `_`, `-` and `.`, with single spaces between them.
    """
    words = key.split(" ") if isinstance(key, str) else [""]
    if not all(words) or not all(map(_in_key, "".join(words))) or len(key) > LONGEST_KEY:
        raise SchemeError(
            gettext_noop(
                "“%(key)s” cannot be the key of a task: letters, digits, “_”, “-”, “.” and single"
                " spaces between them, at most %(most)d characters."
            ),
            key=shown(key),
            most=LONGEST_KEY,
        )
    if key.endswith(WHY):
        raise SchemeError(
            gettext_noop("“%(key)s” cannot be the key of a task: none ends with “%(end)s”."),
            key=key,
            end=WHY,
        )


def check_value_key(key: Any, task: str) -> None:
    """Raise SchemeError unless a value can be called so: anything that is printed, but no spaces at
    its ends and no “|”, which parts the columns of the form.
    """
    right = isinstance(key, str) and key.isprintable() and key == key.strip() and "|" not in key
    if not right or not 0 < len(key) <= LONGEST_KEY:
        raise SchemeError(
            gettext_noop(
                "“%(key)s” cannot be the key of a value of %(task)s: 1 to %(most)d characters that"
                " can be seen, no “|”, no space at either end."
            ),
            key=shown(key),
            task=task,
            most=LONGEST_KEY,
        )


def shown(key: Any) -> str:
    """A key in a sentence: short, and with what cannot be seen written out."""
    words = key if isinstance(key, str) else repr(key)
    words = words if len(words) <= 2 * LONGEST_KEY else f"{words[: 2 * LONGEST_KEY]}…"
    return words if words.isprintable() else ascii(words)[1:-1]


def _in_key(character: str) -> bool:
    kind = unicodedata.category(character)
    return character in "_-." or kind[0] in "LN" or kind in ("Mn", "Mc")


def field_of(task: str) -> str:
    """The name of the form field that asks a task: its key, unless a field beside is called so."""
    return f"answer-{task}" if task in OF_FORMS or task.startswith("answer-") else task


@dataclass(frozen=True)
class Value:
    """One answer: its key in the data, its names, and one character for chips.

    `colour` is one of COLOURS, `digit` the shortcut where it is not the place among the values.
    """

    key: str
    names: Names
    mark: str = ""
    colour: str = ""
    digit: str = ""
    help: Names = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One question about an utterance; a correlation has two parents, `source` and `target`.

    It is asked if one of its parents has the value `only_if_any`, and if each task in `only_if` has
    one of the values that are named there; always where both are empty. `usual` says which value
    goes with which one of a task above; it is lit as a suggestion and saved only if confirmed.
    """

    key: str
    names: Names
    scale: Scale
    values: tuple[Value, ...]
    source: str = ""
    target: str = ""
    only_if_any: str = ""
    only_if: Mapping[str, list[str]] = field(default_factory=dict)  # task -> values
    usual: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # task -> value -> value
    help: Names = field(default_factory=dict)

    @property
    def is_correlation(self) -> bool:
        return bool(self.source)

    @property
    def parents(self) -> tuple[str, ...]:
        return (self.source, self.target) if self.is_correlation else ()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(value.key for value in self.values)

    @property
    def digits(self) -> tuple[str, ...]:
        """The shortcut of each value: its own digit, else its place, else the first free one."""
        taken = {value.digit for value in self.values if value.digit}
        free = [str(n) for n in range(1, MOST_VALUES + 1) if str(n) not in taken]
        found = []
        for place, value in enumerate(self.values, 1):
            digit = value.digit or (str(place) if str(place) in free else next(iter(free), ""))
            if digit in free:
                free.remove(digit)
            found.append(digit)
        return tuple(found)

    @property
    def level(self) -> str:
        """The level of measurement for agreement: binary values are nominal."""
        return "ordinal" if self.scale == "ordinal" else "nominal"


@dataclass(frozen=True)
class Rule:
    """Answers that seldom go together: `names` is the warning, shown when all of `when` holds."""

    key: str
    when: Mapping[str, list[str]]  # task -> the values that it is about
    names: Names

    def holds(self, answers: Mapping[str, str]) -> bool:
        return all(answers.get(task) in values for task, values in self.when.items())


@dataclass(frozen=True)
class Scheme:
    """The tasks of one version, in the order in which they are asked, and its warnings."""

    tasks: tuple[Task, ...] = field(default=())
    rules: tuple[Rule, ...] = field(default=())

    def __getitem__(self, key: str) -> Task:
        for task in self.tasks:
            if task.key == key:
                return task
        raise SchemeError(gettext_noop("The scheme has no task “%(task)s”."), task=key)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(task.key for task in self.tasks)

    def check(self, key: str, value: str, cannot_tell: bool = False) -> None:
        """Raise SchemeError unless `value` is an answer to the task `key`."""
        task = self[key]
        if value not in task.keys and not (cannot_tell and value == CANNOT_TELL):
            raise SchemeError(
                gettext_noop("“%(value)s” is not a value of %(task)s; expected %(values)s."),
                value=value,
                task=key,
                values=", ".join(task.keys),
            )

    def asked(self, answers: Mapping[str, str]) -> list[Task]:
        """The tasks that are due given the answers so far: correlations wait for their parents,
        others for what their conditions ask for.
        """
        return [task for task in self.tasks if self._due(task, answers)]

    def unanswered(self, answers: Mapping[str, str]) -> list[Task]:
        """The tasks that are due and have no answer yet, in order; empty means complete."""
        pending = [task for task in self.tasks if self._due(task, answers)]
        return [task for task in pending if task.key not in answers]

    def _due(self, task: Task, answers: Mapping[str, str]) -> bool:
        given = [answers.get(key, CANNOT_TELL) for key in task.parents]
        if CANNOT_TELL in given:
            return False
        if task.only_if_any and given and task.only_if_any not in given:
            return False
        return all(
            answers.get(key) in values and self._due(self[key], answers)
            for key, values in task.only_if.items()
        )

    def broken(self, answers: Mapping[str, str]) -> list[Rule]:
        """The rules whose warning these answers call for."""
        return [rule for rule in self.rules if rule.holds(answers)]

    def check_keys(self) -> None:
        """Raise SchemeError for a key that nothing new may be called; what stands stays."""
        for task in self.tasks:
            check_key(task.key)
            for value in task.values:
                check_value_key(value.key, task.key)

    def to_json(self) -> list[dict[str, Any]]:
        return [_stored(asdict(task)) for task in self.tasks]

    def rules_to_json(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self.rules]

    @classmethod
    def from_json(
        cls, data: list[dict[str, Any]], rules: Iterable[dict[str, Any]] = ()
    ) -> "Scheme":
        """The scheme written by `to_json` and `rules_to_json`.

        Raises SchemeError if it is not sound.
        """
        try:
            tasks = tuple(
                Task(**{**task, "values": tuple(Value(**value) for value in task["values"])})
                for task in data
            )
            warnings = tuple(Rule(**rule) for rule in rules)
            scheme = cls(tasks, warnings)
            scheme._check_sound()
        except (AttributeError, TypeError, KeyError) as error:
            raise SchemeError(
                gettext_noop("The scheme cannot be read: %(why)s"), why=str(error)
            ) from error
        return scheme

    def _check_sound(self) -> None:
        if len(set(self.keys)) != len(self.tasks):
            raise SchemeError(gettext_noop("Two tasks have the same key."))
        for task in self.tasks:
            if len(set(task.keys)) != len(task.keys) or len(task.keys) < 2:
                raise SchemeError(
                    gettext_noop("%(task)s needs at least two different values."), task=task.key
                )
            if CANNOT_TELL in task.keys:
                raise SchemeError(
                    gettext_noop("“%(value)s” is reserved for “cannot tell”. Choose another key."),
                    value=CANNOT_TELL,
                )
            for parent in task.parents:
                if self[parent].is_correlation:
                    raise SchemeError(
                        gettext_noop("%(task)s relates %(parent)s, which is itself a correlation."),
                        task=task.key,
                        parent=parent,
                    )
            _check_values(task)
            self._check_condition(task)
            self._check_usual(task)
        for rule in self.rules:
            for key, values in rule.when.items():
                for value in values:
                    self.check(key, value)

    def _check_usual(self, task: Task) -> None:
        """Raise SchemeError unless usual values follow from answers of tasks above."""
        above = self.keys[: self.keys.index(task.key)]
        for key, values in task.usual.items():
            for value, usual in values.items():
                self.check(key, value)
                self.check(task.key, usual)
            if key not in above:
                raise SchemeError(
                    gettext_noop(
                        "The usual value of %(task)s follows from %(other)s, so %(other)s has to"
                        " stand above it. Move one of them."
                    ),
                    task=task.key,
                    other=key,
                )

    def _check_condition(self, task: Task) -> None:
        """Raise SchemeError unless a task asks for answers of tasks above it."""
        above = self.keys[: self.keys.index(task.key)]
        for key, values in task.only_if.items():
            for value in values:
                self.check(key, value)
            if key not in above:
                raise SchemeError(
                    gettext_noop(
                        "%(task)s is asked only if %(other)s has some value, so %(other)s has to"
                        " stand above it. Move one of them."
                    ),
                    task=task.key,
                    other=key,
                )
            if not values:
                raise SchemeError(
                    gettext_noop(
                        "%(task)s is asked only if %(other)s has some value: choose which, or"
                        " remove the condition."
                    ),
                    task=task.key,
                    other=key,
                )


def _check_values(task: Task) -> None:
    """Raise SchemeError for a colour or a digit that there is not, or that two values have."""
    digits = [value.digit for value in task.values if value.digit]
    for value in task.values:
        if value.colour and value.colour not in COLOURS:
            raise SchemeError(
                gettext_noop(
                    "“%(colour)s” of %(task)s is no colour of a value; expected one of %(colours)s."
                ),
                colour=shown(value.colour),
                task=task.key,
                colours=", ".join(COLOURS),
            )
        if value.digit and value.digit not in [*"123456789"]:
            raise SchemeError(
                gettext_noop("“%(digit)s” of %(task)s is no shortcut; expected a digit 1 to 9."),
                digit=shown(value.digit),
                task=task.key,
            )
    if len(set(digits)) != len(digits):
        raise SchemeError(
            gettext_noop("Two values of %(task)s have the same shortcut."), task=task.key
        )


def _stored(task: dict[str, Any]) -> dict[str, Any]:
    """A task as it is stored: without what is empty, as in schemes of before there was this."""
    values = [
        {k: v for k, v in value.items() if v or k not in OPTIONAL} for value in task["values"]
    ]
    return {k: v for k, v in task.items() if v or k not in OPTIONAL} | {"values": values}


def _values(*rows: tuple[str, str, str, str]) -> tuple[Value, ...]:
    return tuple(Value(key, {"en": en, "zh": zh}, mark) for key, en, zh, mark in rows)


YES_NO = _values(("no", "no", "否", ""), ("yes", "yes", "是", "✓"))
STRENGTHS = _values(
    ("-2", "strongly against", "强烈反向", "−2"),
    ("-1", "against", "反向", "−1"),
    ("0", "no effect", "无影响", "0"),
    ("1", "towards", "正向", "+1"),
    ("2", "strongly towards", "强烈正向", "+2"),
)
DEFAULT = Scheme(
    (
        Task(
            "sentiment",
            {"en": "sentiment", "zh": "情感"},
            "ordinal",
            _values(
                ("negative", "negative", "消极", "−"),
                ("neutral", "neutral", "中性", "○"),
                ("positive", "positive", "积极", "+"),
            ),
        ),
        Task(
            "emotion",
            {"en": "emotion", "zh": "情绪"},
            "nominal",
            _values(
                ("joy", "joy", "喜悦", "喜"),
                ("sadness", "sadness", "悲伤", "悲"),
                ("anger", "anger", "愤怒", "怒"),
                ("fear", "fear", "恐惧", "惧"),
                ("surprise", "surprise", "惊讶", "惊"),
                ("disgust", "disgust", "厌恶", "厌"),
                ("neutral", "neutral", "中性", "平"),
            ),
        ),
        Task("sarcasm", {"en": "sarcasm", "zh": "讽刺"}, "binary", YES_NO),
        Task("humor", {"en": "humor", "zh": "幽默"}, "binary", YES_NO),
        Task(
            "emotion_sentiment",
            {"en": "emotion → sentiment", "zh": "情绪对情感"},
            "ordinal",
            STRENGTHS,
            source="emotion",
            target="sentiment",
        ),
        Task(
            "sarcasm_humor",
            {"en": "sarcasm → humor", "zh": "讽刺对幽默"},
            "ordinal",
            STRENGTHS,
            source="sarcasm",
            target="humor",
        ),
    ),
    (
        Rule(
            "angry_but_positive",
            {"sentiment": ["positive"], "emotion": ["anger", "disgust"], "sarcasm": ["no"]},
            {
                "en": "A positive sentiment with anger or disgust, and no sarcasm: is that meant?",
                "zh": "情感积极，情绪却是愤怒或厌恶，又没有讽刺——确实如此吗？",
            },
        ),
        Rule(
            "joyful_but_negative",
            {"sentiment": ["negative"], "emotion": ["joy"], "sarcasm": ["no"]},
            {
                "en": "A negative sentiment with joy, and no sarcasm: is that meant?",
                "zh": "情感消极，情绪却是喜悦，又没有讽刺——确实如此吗？",
            },
        ),
        Rule(
            "neutral_but_moving",
            {"emotion": ["neutral"], "emotion_sentiment": ["-2", "2"]},
            {
                "en": "A neutral emotion that acts strongly on the sentiment: is that meant?",
                "zh": "情绪为中性，却对情感有强烈影响——确实如此吗？",
            },
        ),
    ),
)
SENTIMENT, EMOTION, SARCASM, HUMOR, ON_SENTIMENT, ON_HUMOR = DEFAULT.tasks
USUAL_SENTIMENTS = {
    "joy": "positive", "sadness": "negative", "anger": "negative", "fear": "negative",
    "disgust": "negative", "neutral": "neutral",
}  # fmt: skip
SHORT = Scheme(  # the same questions, with fewer keys
    (
        EMOTION,
        replace(SENTIMENT, usual={"emotion": USUAL_SENTIMENTS}),
        SARCASM,
        HUMOR,
        ON_SENTIMENT,
        replace(ON_HUMOR, only_if_any="yes"),
    ),
    DEFAULT.rules,
)
PRIDE = Task("pride", {"en": "pride", "zh": "骄傲"}, "binary", YES_NO)
LOVE = Task(
    "love",
    {"en": "love", "zh": "爱情"},
    "nominal",
    _values(
        ("none", "none", "无", ""),
        ("growing", "growing", "日久生情", "久"),
        ("immediate", "at first sight", "一见钟情", "见"),
        ("empty", "empty", "空洞", "空"),
    ),
)
FULL = Scheme((*DEFAULT.tasks, PRIDE, LOVE), DEFAULT.rules)
