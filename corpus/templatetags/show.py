"""Times, shares, edits and hits as people say them."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy, pgettext

from core.normalization import occurrences
from core.translation import translate
from corpus.models import ImportProblem
from corpus.visibility import visible

register = template.Library()

EDITS = {
    "added": ngettext_lazy("%(n)d added", "%(n)d added", "n"),
    "removed": ngettext_lazy("%(n)d removed", "%(n)d removed", "n"),
    "retyped": ngettext_lazy("%(n)d retyped", "%(n)d retyped", "n"),
    "moved": ngettext_lazy("%(n)d moved", "%(n)d moved", "n"),
    "assigned": ngettext_lazy("%(n)d given a speaker", "%(n)d given a speaker", "n"),
    "confirmed": ngettext_lazy("%(n)d confirmed", "%(n)d confirmed", "n"),
}


@register.filter
def listed(things):
    """Things one after the other, with the comma of the reader's language."""
    return pgettext("in a list", ", ").join(map(str, things))


@register.filter
def edited(summary):
    """{"retyped": 2, "moved": 1} -> 2 retyped, 1 moved."""
    return listed(EDITS[name] % {"n": n} for name, n in summary.items() if name in EDITS)


@register.filter
def clock(seconds):
    """83.4 -> 1:23.4; nothing for None."""
    if seconds is None:
        return ""
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


@register.filter
def length_of_time(seconds):
    """83.4 -> 83 s, 600 -> 10 min, 9000 -> 2.5 h; nothing for None."""
    if seconds is None or seconds == "":
        return ""
    if seconds < 2 * 60:
        return _("%(n)d s") % {"n": round(seconds)}
    if seconds < 2 * 3600:
        return _("%(n)d min") % {"n": round(seconds / 60)}
    return _("%(n).1f h") % {"n": seconds / 3600}


@register.simple_tag
def marked(text, words, exact):
    """The text with every occurrence of `words`, as search compares them, in a <mark>."""
    if not words:
        return text
    parts, last = [], 0
    for start, end in occurrences(text, words, exact):
        parts += [text[last:start], format_html("<mark>{}</mark>", text[start:end])]
        last = end
    return format_html_join(SafeString(""), "{}", ((part,) for part in [*parts, text[last:]]))


@register.simple_tag(takes_context=True)
def visible_part(context, dialogue):
    """What of the dialogue the reader of the page may see."""
    return visible(context["request"].user, dialogue)


@register.filter
def decimals(value, digits=2):
    """A number with a fixed number of decimals, a dash for None."""
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


@register.filter
def total(counts):
    """The sum of {"train": 3, "test": 1}; a number stays what it is, nothing is 0."""
    return sum(counts.values()) if isinstance(counts, dict) else counts or 0


@register.filter
def share(value):
    """0.4567 -> 45.7 %."""
    return f"{100 * value:.1f} %"


@register.filter
def why(problem):
    """What was done about a problem, in the reader's language."""
    return translate(problem.reason, problem.details)


@register.filter
def outcome(problem):
    """Whether something was repaired, left out or is doubtful, in the reader's language."""
    return ImportProblem.Outcome(problem.outcome).label
