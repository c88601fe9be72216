"""Metrics as pages print them: one format of numbers, intervals and p values."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from corpus.templatetags.show import decimals
from modeling.learner.seed_statistics import MIN_DIALOGUES, MIN_SEEDS
from modeling.learner.significance import p_text

register = template.Library()
DIGITS = 3  # of a metric from 0 to 1
MOST_POINTS = 3  # of seeds, written out


@register.filter
def metric(value):
    """0.7114 -> 0.711; a dash where there is none."""
    return decimals(None if value == "" else value, DIGITS)


@register.filter
def interval(summary):
    """The 95 % interval of a summary, [0.660, 0.750]; nothing where it has none."""
    if not summary or summary.get("low") is None:
        return ""
    return f"[{metric(summary['low'])}, {metric(summary['high'])}]"


@register.filter
def mean_with_interval(summary):
    """The mean of a summary and its interval, if it has one: 0.698 [0.660, 0.750]."""
    return f"{metric(summary['mean'])} {interval(summary)}".strip()


@register.filter
def points(summary):
    """The figures of the seeds, 0.698 · 0.724, where several have no interval, of many the lowest
    and the highest, 0.610 … 0.724; else nothing.
    """
    if not summary or not summary.get("why") or summary["n"] < 2:
        return ""
    values = summary["values"]
    if len(values) > MOST_POINTS:
        return f"{metric(min(values))} … {metric(max(values))}"
    return " · ".join(metric(value) for value in values)


@register.filter
def no_interval(summary):
    """Why figures over several seeds have no interval; nothing where they have one."""
    why = summary.get("why") if summary else ""
    if why == "seeds":
        return ngettext(
            "%(n)s seed; an interval needs at least %(needed)s.",
            "%(n)s seeds; an interval needs at least %(needed)s.",
            summary["n"],
        ) % {"n": summary["n"], "needed": MIN_SEEDS}
    if why == "dialogues":
        return _("Too few dialogues were evaluated; an interval needs at least %(needed)s.") % {
            "needed": MIN_DIALOGUES
        }
    return ""


@register.filter
def reasons(table):
    """Why cells of a table of means have no interval, each reason once."""
    cells = (cell for *_, row in table for cell in row)
    return list(dict.fromkeys(filter(None, map(no_interval, cells))))


@register.filter
def p_value(value):
    """0.00002 -> p < 0.001, 0.0421 -> p = 0.042; a dash for None."""
    return "–" if value is None else p_text(value)


@register.filter
def signed_points(value):
    """A difference of metrics in points of a hundred, with its sign: 0.0123 -> +1.2."""
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")


@register.filter
def signed_interval(summary):
    """The interval of a difference in points, [−1.2, +3.4]; nothing where it has none."""
    if not summary or summary.get("low") is None:
        return ""
    return f"[{signed_points(summary['low'])}, {signed_points(summary['high'])}]"


@register.filter
def against(value, baseline):
    """better or worse, as both are printed; nothing where they print alike."""
    if value in (None, "") or baseline in (None, ""):
        return ""
    difference = round(value, DIGITS) - round(baseline, DIGITS)
    return "better" if difference > 0 else "worse" if difference < 0 else ""
