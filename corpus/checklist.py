"""The steps from an empty installation to a first agreement; each app adds those that it knows.

A step is done when rows say so; nobody ticks it. It is about the corpora that a person leads, the
demo corpus aside; its button leads to the page of the newest of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.pagination import counts_at_once
from corpus.models import ChecklistDismissal, Corpus, Invitation, Membership, Publication, Source
from people.models import Person


@dataclass(frozen=True)
class Step:
    """One step: its words, whether it is done, and where its button leads."""

    name: str
    order: int
    title: Any  # translated when it is shown
    purpose: Any
    button: Any
    guide: str  # name of a chapter of docs/guide
    rows: Callable[[Any, Any], QuerySet[Any]]  # of the person and their corpora: some if it is done
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


def _found(rows: dict[str, QuerySet[Any]]) -> set[str]:
    """The names of the querysets that find something, asked at once."""
    counts = counts_at_once({name: each.order_by()[:1] for name, each in rows.items()})
    return {name for name, count in counts.items() if count}


def checklist(person, done=None):
    """(step, done | next | later, address of its button) of every step; `done` names those that
    are done, where that is known.
    """
    corpora = own_corpora(person)
    corpus = corpora.order_by("-pk").first()
    if done is None:
        done = _found({step.name: step.rows(person, corpora) for step in _steps})
    rows, found_next = [], False
    for step in _steps:
        if step.name in done:
            state = "done"
        else:
            state, found_next = ("later" if found_next else "next"), True
        address = step.address(corpus) if corpus or step.order == 0 else ""
        rows.append((step, state, address))
    return rows


def summary(person, done=None):
    """How many steps are done, of how many, and the next one with the address of its button."""
    rows = checklist(person, done)
    following = ((step, address) for step, state, address in rows if state == "next")
    step, address = next(following, (None, ""))
    done = sum(state == "done" for _step, state, _address in rows)
    return {"done": done, "all": len(rows), "step": step, "address": address}


def is_finished(rows):
    return all(state == "done" for _step, state, _address in rows)


def at_start(person):
    """The summary for the start page; None for others than `is_for`, and after it is finished or
    dismissed.
    """
    corpora = own_corpora(person)
    rows = {step.name: step.rows(person, corpora) for step in _steps}
    rows |= {
        "(leads)": Corpus.objects.led_by(person),
        "(dismissed)": ChecklistDismissal.objects.filter(person=person),
    }
    done = _found(rows)
    leads = person.is_superuser or "(leads)" in done
    if not leads or "(dismissed)" in done or all(step.name in done for step in _steps):
        return None
    return summary(person, done)


def _led(person, corpora):
    return Corpus.objects.led_by(person)


def _sources(person, corpora):
    return Source.objects.filter(corpus__in=corpora)


def _others(person, corpora):
    """The person, if others belong to these corpora or they have invited somebody."""
    others = Membership.objects.filter(corpus__in=corpora).exclude(person=person)
    invited = Invitation.objects.filter(invited_by=person)
    return Person.objects.filter(Exists(others) | Exists(invited), pk=person.pk)


def _publications(person, corpora):
    return Publication.objects.filter(dialogue__corpus__in=corpora)


add_step(
    Step(
        name="corpus",
        order=0,
        title=_("Create a corpus"),
        purpose=_("A corpus holds the dialogues that one team annotates."),
        button=_("Create corpus"),
        guide="corpus",
        rows=_led,
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
        rows=_sources,
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
        rows=_others,
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
        rows=_publications,
        address=lambda corpus: reverse("dialogues", args=[corpus.pk]),
    )
)
