"""Names of tasks and values in the person's language; guidelines out of Markdown."""

import json
import re

from django import template
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

from annotation.scheme import field_of
from core.markdown import markdown

register = template.Library()
COLOURS = {  # of values that say none, by key or glyph
    "joy": "amber", "sadness": "blue", "anger": "orange", "fear": "pink", "surprise": "green",
    "disgust": "olive", "negative": "brown", "−2": "brown", "−1": "brown", "positive": "teal",
    "+1": "teal", "+2": "teal",
}  # fmt: skip
MARKDOWN = markdown()


@register.filter
def named(thing):
    """The name of a task or value, Chinese on Chinese pages."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return thing.names.get(language) or thing.names["en"]


@register.filter
def field(task):
    """The name of the form field that asks a task."""
    return field_of(task.key)


@register.filter
def pairs(found):
    """Keys and what they stand for; `.items` would be the entry of a key that is called so."""
    return list(found.items())


@register.filter
def mark(value):
    """What a chip shows: the value's character, or its name where it has none."""
    return value.mark or named(value)


@register.filter
def colour(value):
    """The colour of a value: its own, or the one that values of this key have everywhere."""
    return value.colour or COLOURS.get(value.key) or COLOURS.get(value.mark, "")


@register.filter("help")
def help_of(thing):
    """What annotators are told of a task or value, empty for nothing."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return thing.help.get(language) or thing.help.get("en", "")


@register.filter
def with_digits(task):
    """The values of a task, each with the digit that chooses it."""
    return list(zip(task.values, task.digits, strict=True))


@register.filter
def condition(task):
    """What a task is asked for, as JSON: task -> values."""
    return json.dumps(task.only_if, ensure_ascii=False)


@register.filter
def usual_values(task):
    """Which value of a task goes with which one of others, as JSON: task -> value -> value."""
    return json.dumps(task.usual, ensure_ascii=False)


@register.filter
def sections(text):
    """Markdown as a list of HTML sections, one a heading, without HTML of the writer's own."""
    return [html for _part, html in in_sections(text)]


def in_sections(text):
    """The parts of a Markdown text, each with its HTML."""
    return [(part, mark_safe(MARKDOWN.render(part))) for part in parted(text) if part.strip()]  # noqa: S308


def parted(text):
    """Markdown in parts, one a heading; joined they are the text."""
    return re.split(r"(?m)^(?=#{1,3} )", text)


@register.filter
def percent(part, whole):
    """A share as a whole number of percent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0
