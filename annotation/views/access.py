"""The round or assignment that a page is about, among those that the person may see."""

from django.shortcuts import get_object_or_404

from annotation.blinding import guard
from annotation.models import Assignment, Round
from corpus.permissions import ADJUDICATOR, LEAD, with_role


def round_of(request, pk, *roles):
    """A round for what tells nothing of anybody's answers: its progress, its people, its verbs."""
    found = get_object_or_404(Round.objects.of(request.user), pk=pk)
    with_role(request, found.corpus, *(roles or (LEAD, ADJUDICATOR)))
    return found


def results_of(request, pk, *roles):
    """A round for whatever depends on what people answered, commented or decided in it.

    Raises Withheld while the person annotates it, or another round on its dialogues, blind.
    """
    found = round_of(request, pk, *roles)
    guard(request.user, [found])
    return found


def assignment_of(request, pk):
    """The person's own assignment."""
    found = get_object_or_404(Assignment.objects.of(request.user), pk=pk)
    found.person = request.user
    return found
