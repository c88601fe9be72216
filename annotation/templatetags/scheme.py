"""Names of tasks and values in the person's language; guidelines out of Markdown."""

import re

from django import template
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt

from annotation.scheme import field_of

register = template.Library()
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


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
def sections(text):
    """Markdown as a list of HTML sections, one a heading, without HTML of the writer's own."""
    return [mark_safe(MARKDOWN.render(part)) for part in parted(text) if part.strip()]  # noqa: S308


def parted(text):
    """Markdown in parts, one a heading; joined they are the text."""
    return re.split(r"(?m)^(?=#{1,3} )", text)


@register.filter
def percent(part, whole):
    """A share as a whole number of percent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0
