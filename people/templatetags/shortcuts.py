"""`{% key "workbench" "u" %}`: the key of a shortcut, as the reader has bound it."""

from django import template
from django.utils.html import format_html

from people.shortcuts import key_for

register = template.Library()


@register.simple_tag(takes_context=True)
def key(context, scope, default):
    """`<kbd>U</kbd>`, or nothing for who has switched single-key shortcuts off."""
    shown = key_for(context["request"].user, scope, default)
    return format_html("<kbd>{}</kbd>", shown) if shown else ""


@register.simple_tag(takes_context=True)
def key_name(context, scope, default):
    """The same as `(U)`, for a title; empty for who has switched single-key shortcuts off."""
    shown = key_for(context["request"].user, scope, default)
    return f"({shown})" if shown else ""
