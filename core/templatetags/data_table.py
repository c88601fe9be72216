"""`{% cell "key" %}…{% endcell %}` and `{% tick value label %}`: the cells of a data table."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

register = template.Library()


class Cell(template.Node):
    def __init__(self, key, options, body):
        self.key, self.options, self.nodelist = key, options, body

    def render(self, context):
        table, key = context["table"], self.key.resolve(context)
        if not table.shows(key):
            return ""
        column = table.known[key]
        inner = self.nodelist.render(context).strip()
        classes = [str(value.resolve(context)) for value in self.options]
        classes += ["n"] if column.numeric else []
        classes += [] if inner else ["blank"]
        shown = format_html(' class="{}"', " ".join(classes)) if classes else ""
        if column.fixed:
            return mark_safe(f'<th scope="row"{shown}>{inner}</th>')  # noqa: S308
        label = table.escaped_labels[key]
        return mark_safe(f'<td{shown} data-label="{label}">{inner}</td>')  # noqa: S308


@register.tag
def cell(parser, token):
    """A cell of the column `key`, where the table shows it; further words are classes."""
    _tag, key, *classes = token.split_contents()
    body = parser.parse(["endcell"])
    parser.delete_first_token()
    found = [parser.compile_filter(word) for word in classes]
    return Cell(parser.compile_filter(key), found, body)


TICK = (
    '<td class="tick"><input type="checkbox" name="{}" value="{}" form="bulk-{}" aria-label="{}"'
    " data-tick></td>"
)


@register.simple_tag(takes_context=True)
def tick(context, value, label, name="pk"):
    """The cell that selects a row, for the bar of actions."""
    words = _("Select %(thing)s") % {"thing": label}
    return format_html(TICK, name, value, context["table"].name, words)
