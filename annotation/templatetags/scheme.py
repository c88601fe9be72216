"""Names of tasks and values in the person's language."""

from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def named(thing):
    """The name of a task or value, Chinese on Chinese pages."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return thing.names.get(language) or thing.names["en"]


@register.filter
def mark(value):
    """What a chip shows: the value's character, or its name where it has none."""
    return value.mark or named(value)
