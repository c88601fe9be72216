"""Loading through the person: what somebody may not see is not there (404); roles in a corpus."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from corpus.models import Corpus, Dialogue, Membership, Source
from people.sign_in.password_reset import may_be_reset_by_lead

LEAD = Membership.Role.LEAD
ADJUDICATOR = Membership.Role.ADJUDICATOR
ANNOTATOR = Membership.Role.ANNOTATOR


def corpus_of(request, pk, *roles):
    """A corpus that the person belongs to, in one of `roles` if any is named; sets `my_role`."""
    mine = Corpus.objects.of(request.user).select_related("archival")
    corpus = get_object_or_404(mine, pk=pk)
    return with_role(request, corpus, *roles)


def owned_corpus(request, pk):
    """A corpus that the person owns. Raises Http404, also for its other leads."""
    corpus = corpus_of(request, pk, LEAD)
    if corpus.owner_id != request.user.pk:
        raise Http404
    return corpus


def with_role(request, corpus, *roles):
    """The corpus with `my_role` set. Raises Http404 if it is not among `roles`."""
    corpus.my_role = corpus.role_of(request.user)
    if corpus.my_role is None or (roles and corpus.my_role not in roles):
        raise Http404
    return corpus


def dialogue_of(request, pk, *roles):
    """A dialogue that the person may open, in one of `roles` in its corpus if any is named."""
    visible = Dialogue.objects.of(request.user).select_related("corpus", "source", "publication")
    dialogue = get_object_or_404(visible, pk=pk)
    with_role(request, dialogue.corpus, *roles)
    return dialogue


def downloadable_dialogue(request, pk):
    """A dialogue whose media the person may keep: a lead, or as the corpus says anybody who may
    open it. What is withheld from them while they annotate is another question (`visibility`).
    """
    dialogue = dialogue_of(request, pk)
    corpus = dialogue.corpus
    if corpus.my_role != LEAD and corpus.media_policy != Corpus.MediaPolicy.MEMBERS:
        raise Http404
    return dialogue


def source_of(request, pk):
    """A source of a corpus that the person leads."""
    source = get_object_or_404(Source.objects.of(request.user).select_related("corpus"), pk=pk)
    with_role(request, source.corpus, LEAD)
    return source


def may_reset_password(lead, person):
    """True of a lead about others who belong to no corpus beside those that the lead leads."""
    return person.pk in resettable_people(lead, [person])


def resettable_people(lead, people):
    """The ids of those among `people` whose password the lead may reset, in one query."""
    others = [person for person in people if person != lead and may_be_reset_by_lead(person)]
    elsewhere = Membership.objects.filter(person__in=others).exclude(
        corpus__in=Corpus.objects.led_by(lead)
    )
    return {person.pk for person in others} - set(elsewhere.values_list("person_id", flat=True))
