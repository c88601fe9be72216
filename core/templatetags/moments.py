"""Times as pages show them, in the reader's zone: the one way from a time to words.

    {{ run.started_at|moment }}        3 hours ago; older than a week, 2026-11-20 14:05
    {{ event.at|moment:day }}          the same under the heading of its day: 14:05
    {{ link.expires_at|at_time }}      2026-11-20 14:05, for sentences: until …
    {{ lock.end|at_hour }}               14:05
    {{ round.due|on_day }}             2026-11-20
    {{ work.given_at|how_long }}       2 hours, since then
    {{ run.started_at|exact_time }}    2026-11-20 14:05 as plain text: options of forms, e-mails

All but the last are a <time> whose title is the exact time with its zone.
"""

import datetime

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()
HOUR, DAY = 3600, 24 * 3600
DAYS_SAID = 7  # up to which it is said how long ago something was


@register.filter
def moment(at, day=None):
    """What lies less than a week back by how long ago, else by its date and hour; by the hour alone
    under the heading of its `day`.
    """
    return _time(at, lambda local: _words(at, local, day))


@register.filter
def at_time(at):
    return _time(at, _exact)


@register.filter
def at_hour(at):
    return _time(at, lambda local: f"{local:%H:%M}")


@register.filter
def on_day(at):
    if isinstance(at, datetime.date) and not isinstance(at, datetime.datetime):
        return format_html('<time datetime="{0}">{0}</time>', f"{at:%Y-%m-%d}")
    return _time(at, lambda local: f"{local:%Y-%m-%d}")


@register.filter
def how_long(at):
    return _time(at, lambda local: timesince(at, timezone.now()))


@register.filter
def exact_time(at):
    return _exact(timezone.localtime(at)) if at else ""


def _exact(local):
    return f"{local:%Y-%m-%d %H:%M}"


def _time(at, words):
    if not at:
        return ""
    local = timezone.localtime(at)
    exact = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"), exact, words(local),
    )  # fmt: skip


def _words(at, local, day):
    seconds = (timezone.now() - at).total_seconds()
    if 0 <= seconds < 60:
        return _("just now")
    if 0 <= seconds < HOUR:
        minutes = int(seconds // 60)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    if day is not None:
        return f"{local:%H:%M}"
    if 0 <= seconds < DAY:
        hours = int(seconds // HOUR)
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    if 0 <= seconds < DAYS_SAID * DAY:
        days = int(seconds // DAY)
        return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
    return _exact(local)


@register.simple_tag
def day_name(day):
    """Today, yesterday, else the date with its day of the week."""
    today = timezone.localdate()
    date = formats.date_format(day)
    if day == today:
        return format_html("{} <span>{}</span>", _("Today"), date)
    if day == today - datetime.timedelta(days=1):
        return format_html("{} <span>{}</span>", _("Yesterday"), date)
    return format_html("{} <span>{}</span>", date, formats.date_format(day, "l"))
