"""`{% side_bar as side %}`: the places of the side bar for whoever looks at the page."""

from django import template

from corpus import side_bar as of_corpus
from corpus.models import Corpus

register = template.Library()


@register.simple_tag(takes_context=True)
def side_bar(context):
    request = context["request"]
    corpus, match = context.get("corpus"), request.resolver_match
    return of_corpus.side_bar(
        request.user,
        corpus if isinstance(corpus, Corpus) else None,
        match.url_name if match else None,
        request.COOKIES.get(of_corpus.COOKIE, ""),
    )
