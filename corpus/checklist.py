"""The steps from an empty installation to a first agreement; each app adds those that it knows.

A step is done when rows say so; nobody ticks it. It is about the corpora that a person leads, the
demo corpus aside; its button leads to the page of the newest of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from corpus.models import ChecklistDismissal, Corpus, Invitation, Membership, Publication, Source


@dataclass(frozen=True)
class Step:
    """One step: its words, whether it is done, and where its button leads."""

    name: str
    order: int
    title: Any  # translated when it is shown
    purpose: Any
    button: Any
    guide: str  # name of a chapter of docs/guide
    is_done: Callable[[Any, Any], bool]  # of the person and the corpora that they lead
    address: Callable[[Corpus], str]  # of the corpus that they set up


_steps: list[Step] = []


def add_step(step: Step) -> None:
    _steps.append(step)
    _steps.sort(key=lambda each: each.order)


def is_for(person):
    """Whether the person sets something up: the administrator, and leads."""
    return person.is_superuser or Corpus.objects.led_by(person).exists()


def own_corpora(person):
    """The corpora that the person leads and works on: not the demo, none that is archived."""
    return Corpus.objects.active().led_by(person).filter(synthetic=False)


def checklist(person):
    """(step, done | next | later, address of its button) of every step."""
    corpora = own_corpora(person)
    corpus = corpora.order_by("-pk").first()
    rows, found_next = [], False
    for step in _steps:
        if step.is_done(person, corpora):
            state = "done"
        else:
            state, found_next = ("later" if found_next else "next"), True
        address = step.address(corpus) if corpus or step.order == 0 else ""
        rows.append((step, state, address))
    return rows


def summary(person):
    """How many steps are done, of how many, and the next one with the address of its button."""
    rows = checklist(person)
    following = ((step, address) for step, state, address in rows if state == "next")
    step, address = next(following, (None, ""))
    done = sum(state == "done" for _step, state, _address in rows)
    return {"done": done, "all": len(rows), "step": step, "address": address}


def is_finished(rows):
    return all(state == "done" for _step, state, _address in rows)


def is_shown_at_start(person):
    """Whether the start page leads to the checklist: not after it is finished or dismissed."""
    if not is_for(person) or ChecklistDismissal.objects.filter(person=person).exists():
        return False
    corpora = own_corpora(person)
    return not all(step.is_done(person, corpora) for step in reversed(_steps))


def _has_corpus(person, corpora):
    return Corpus.objects.led_by(person).exists()


def _has_source(person, corpora):
    return Source.objects.filter(corpus__in=corpora).exists()


def _has_invited(person, corpora):
    others = Membership.objects.filter(corpus__in=corpora).exclude(person=person)
    return others.exists() or Invitation.objects.filter(invited_by=person).exists()


def _has_published(person, corpora):
    return Publication.objects.filter(dialogue__corpus__in=corpora).exists()


add_step(
    Step(
        name="corpus",
        order=0,
        title=_("Create a corpus"),
        purpose=_("A corpus holds the dialogues that one team annotates."),
        button=_("Create corpus"),
        guide="corpus",
        is_done=_has_corpus,
        address=lambda corpus: reverse("new_corpus"),
    )
)
add_step(
    Step(
        name="source",
        order=10,
        title=_("Bring in an episode or a published corpus"),
        purpose=_("A video with its transcript becomes dialogues with clips."),
        button=_("Add episode"),
        guide="corpus",
        is_done=_has_source,
        address=lambda corpus: reverse("new_source", args=[corpus.pk]),
    )
)
add_step(
    Step(
        name="people",
        order=20,
        title=_("Invite people"),
        purpose=_("Annotators get a link with which they make their accounts."),
        button=_("Invite people"),
        guide="corpus",
        is_done=_has_invited,
        address=lambda corpus: reverse("invitations", args=[corpus.pk]),
    )
)
add_step(
    Step(
        name="publication",
        order=30,
        title=_("Publish dialogues"),
        purpose=_("Check the dialogues, then make them available to annotators."),
        button=_("Show dialogues"),
        guide="corpus",
        is_done=_has_published,
        address=lambda corpus: reverse("dialogues", args=[corpus.pk]),
    )
)
