"""Undoing a publication: dialogues that no round has are again those that nobody annotates yet."""

import datetime
from collections import Counter
from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from core.errors import UserError, gettext_noop
from core.undo import undoable
from corpus.models import Corpus, Dialogue, Publication
from people.models import Event, Person

WITHIN = datetime.timedelta(hours=1)
# raise UserError while one of the dialogues is needed as it is published
guards: list[Callable[[QuerySet[Dialogue]], None]] = []


def undoable_by(person: Person) -> QuerySet[Publication]:
    """What the person has published a short while ago, in corpora that they lead."""
    led = Corpus.objects.led_by(person)
    recent = timezone.now() - WITHIN
    return Publication.objects.filter(person=person, at__gt=recent, dialogue__corpus__in=led)


def say_published(request: HttpRequest, made: Sequence[Publication]) -> None:
    """Say how many dialogues were published, in a message that can undo it."""
    count = len(made)
    words = ngettext("%(count)d dialogue published.", "%(count)d dialogues published.", count)
    address = reverse("undo_publication", args=[made[0].pk]) if made else ""
    undoable(request, words % {"count": count}, f"{address}?last={made[-1].pk}" if made else "")


@transaction.atomic
def undo_publication(person: Person, first: Publication, last: int) -> list[Dialogue]:
    """Take back what the person published in one go, from `first` to the id `last`.

    Raises UserError, and takes nothing back, where a dialogue is in use or was edited since.
    """
    corpus = first.dialogue.corpus
    corpus.lock_publications()
    undone = undoable_by(person).filter(pk__range=(first.pk, last), dialogue__corpus=corpus)
    dialogues = Dialogue.objects.filter(publication__in=undone).select_related("source")
    for guard in guards:
        guard(dialogues)
    edited = dialogues.exclude(head=F("published_revision")).first()
    if edited:
        raise UserError(
            gettext_noop(
                "%(dialogue)s was edited after it was published. It stays published;"
                " nothing was changed."
            ),
            dialogue=edited.uid,
        )
    found = list(dialogues)
    undone.filter(dialogue__in=found).delete()
    for source, count in Counter(dialogue.source for dialogue in found).items():
        source.recount(published=-count)
    if found:
        about = found[0] if len(found) == 1 else corpus
        more = {} if len(found) == 1 else {"dialogues": len(found)}
        Event.record(person, "unpublish", about, **more)
    return found
