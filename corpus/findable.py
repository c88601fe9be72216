"""Places, corpora, dialogues, utterances and people, as the search finds them."""

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.findable import Finder, Hit
from core.places import GROUPS, places
from corpus.models import Corpus, Dialogue, Membership, Utterance
from corpus.search import search_page
from corpus.side_bar import address_of
from corpus.visibility import WORDS, withheld
from people.models import Person

SOME = 50  # rows that one kind of thing is looked up for


def find_places(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """Places and actions of the corpus and of the person whose name has every word."""
    membership = Membership.objects.filter(person=person, corpus=corpus).select_related("corpus")
    member = membership.first() if corpus else None
    wanted = words.casefold().split()
    for place in places():
        if not place.is_for(person, member.role if member else None):
            continue
        known = f"{place.label} {place.words} {GROUPS[place.group]} {place.url}".casefold()
        if all(word in known for word in wanted):
            href = address_of(place, member.corpus if member else None)
            yield Hit(place.label, href, GROUPS[place.group], place.icon)


def find_corpora(person: Person, words: str, _corpus: int | None) -> Iterable[Hit]:
    for row in Corpus.objects.of(person).filter(name__icontains=words)[:SOME] if words else ():
        yield Hit(row, reverse("corpus", args=[row.pk]))


def find_dialogues(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """By their names and those of their sources: their words are found among utterances."""
    if not words:
        return
    rows = Dialogue.objects.of(person).filter(
        Q(uid__icontains=words) | Q(source__title__icontains=words)
    )
    for row in _within(rows, corpus).select_related("source").order_by("pk")[:SOME]:
        yield Hit(row, reverse("dialogue", args=[row.pk]), row.source)


def find_utterances(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """By their words, those aside whose words are withheld from the person."""
    if not words:
        return
    rows = Utterance.objects.filter(
        dialogue__in=Dialogue.objects.of(person).order_by().values("pk")
    )
    hidden = withheld(person, WORDS).order_by().values("pk")
    rows = _within(rows, corpus).exclude(dialogue__in=hidden)
    shown = rows.select_related("dialogue", "speaker")
    for row in search_page(shown, words, 0, SOME):
        href = f"{reverse('dialogue', args=[row.dialogue_id])}#u{row.pk}"
        yield Hit(row.text, href, f"{row.speaker or '–'} · {row.dialogue}")


def find_people(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """Members of the corpora that the person leads: others know annotators by letters alone."""
    if not words:
        return
    led = Membership.objects.filter(corpus__in=Corpus.objects.led_by(person))
    named = Q(person__name__icontains=words) | Q(person__username__icontains=words)
    rows = _within(led.filter(named), corpus).select_related("person", "corpus")
    for row in rows.order_by("person__name", "pk")[:SOME]:
        detail = f"{row.get_role_display()} · {row.corpus}"
        yield Hit(row.person, reverse("members", args=[row.corpus_id]), detail)


def _within(rows, corpus):
    return rows.filter(corpus=corpus) if corpus else rows


FINDERS = (
    Finder(
        key="places", order=10, label=_("Pages and actions"), icon="arrow-right", find=find_places
    ),
    Finder(key="corpora", order=20, label=_("Corpora"), icon="library", find=find_corpora),
    Finder(
        key="dialogues", order=40, label=_("Dialogues"), icon="clapperboard", find=find_dialogues
    ),
    Finder(key="people", order=70, label=_("People"), icon="users", find=find_people),
    Finder(
        key="utterances",
        order=90,
        label=_("Utterances"),
        icon="message-square-quote",
        find=find_utterances,
    ),
)
