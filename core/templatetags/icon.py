"""`{% icon "play" %}`: an icon of Lucide, as tall as a line of text. Known in every template."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, kind: str = "") -> SafeString:
    """The icon with a name of lucide.dev, in the ordinary size or a `kind` (small, large); words
    stand beside it, so that screen readers pass over it.
    """
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {kind}" if kind else "",
        static("icons.svg"),
        name,
    )
