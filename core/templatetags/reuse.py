"""`{% reuse a b %}…{% endreuse %}`: what a page shows often is rendered once for each key."""

from typing import Any

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

register = template.Library()


@register.tag
def reuse(parser: Parser, token: Token) -> "ReuseNode":
    """Render the inside once for each set of values within a page. The inside may depend on
    nothing else that changes within the page.
    """
    keys = [parser.compile_filter(each) for each in token.split_contents()[1:]]
    inside = parser.parse(("endreuse",))
    parser.delete_first_token()
    return ReuseNode(inside, keys)


class ReuseNode(template.Node):
    def __init__(self, nodelist: NodeList, keys: list[template.base.FilterExpression]) -> None:
        self.nodelist, self.keys = nodelist, keys

    def render(self, context: Context) -> SafeString:
        of_page: Any = context.render_context
        rendered: dict[tuple[Any, ...], SafeString] = of_page.setdefault(self, {})
        key = tuple(each.resolve(context) for each in self.keys)
        if key not in rendered:
            rendered[key] = self.nodelist.render(context)
        return rendered[key]
