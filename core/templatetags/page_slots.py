"""`{% page_slot "name" %}`: what other apps show in this place of a page."""

from django import template
from django.utils.safestring import mark_safe

from core.page_slots import fragments

register = template.Library()


@register.simple_tag(takes_context=True)
def page_slot(context, name):
    """The fragments of a place, rendered with the values of the page; "" where there are none.

    `{% page_slot "name" as variable %}` keeps it, for an address as well.
    """
    engine = context.template.engine
    parts = [engine.get_template(each.template).render(context) for each in fragments(name)]
    return mark_safe("".join(parts).strip())  # noqa: S308
