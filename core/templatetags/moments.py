"""`{% moment at %}` and `{% day_name day %}`: times as people say them, in the reader's zone."""

import datetime

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()
HOUR = 3600


@register.simple_tag
def moment(at, day=None):
    """A <time>: what lies less than a day back by how long ago, else by its date and hour, or by
    the hour alone under the heading of its `day`; the exact time is its title.
    """
    if at is None:
        return ""
    local = timezone.localtime(at)
    exact = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"), exact, _words(at, local, day),
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
    if 0 <= seconds < 24 * HOUR:
        hours = int(seconds // HOUR)
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    return f"{local:%Y-%m-%d %H:%M}"


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
