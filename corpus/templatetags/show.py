"""Times and shares as people say them."""

from django import template

register = template.Library()


@register.filter
def clock(seconds):
    """83.4 -> 1:23.4; nothing for None."""
    if seconds is None:
        return ""
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


@register.filter
def decimals(value, digits=2):
    """A number with a fixed number of decimals, a dash for None."""
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
