"""What an annotator has judged before."""

from django.shortcuts import render

from annotation.models import Assignment, Judgement, Round
from core.normalization import search_key
from core.pagination import page_of
from core.parameters import number, text
from corpus.visibility import WORDS, withheld


def annotation_history(request):
    """Every utterance that I have judged, found by words (as far as I may read them) or round."""
    rows = (
        Judgement.objects.filter(assignment__in=Assignment.objects.of(request.user).order_by())
        .values("utterance", "assignment")
        .distinct()
    )
    words, chosen = text(request.GET, "q"), number(request.GET.get("round"))
    hidden = withheld(request.user, WORDS)
    if words:
        rows = rows.filter(utterance__search__contains=search_key(words))
        rows = rows.exclude(assignment__dialogue__in=hidden.order_by().values("pk"))
    if chosen:
        rows = rows.filter(assignment__round=chosen)
    page = page_of(request, rows.order_by("-assignment", "utterance"), 30)
    _fill_history(page, hidden)
    rounds = Round.objects.filter(assignments__person=request.user).distinct()
    shown = {"here": "label", "page": page, "q": words, "rounds": rounds, "chosen": chosen}
    return render(request, "annotation/annotation_history.html", shown)


def _fill_history(page, hidden):
    """The utterances of a page, their words where they are not `hidden`, with their current
    answers.
    """
    rows = list(page.object_list)
    work = Assignment.objects.select_related("round", "dialogue").in_bulk(
        {row["assignment"] for row in rows}
    )
    dialogues = {assignment.dialogue_id for assignment in work.values()}
    wordless = set(hidden.filter(pk__in=dialogues).values_list("pk", flat=True))
    utterances = {
        pk: {utterance.pk: utterance for utterance in assignment.dialogue.utterances.all()}
        for pk, assignment in work.items()
    }
    found = []
    for row in rows:
        assignment = work[row["assignment"]]
        utterance = utterances[assignment.pk].get(row["utterance"])
        if utterance:
            given = assignment.current_answers.get(utterance.pk, {})
            words = "" if assignment.dialogue_id in wordless else utterance.text
            found.append((assignment, utterance, words, _chips(assignment.round.scheme, given)))
    page.object_list = found


def _chips(scheme, given):
    return [
        (task, value)
        for task in scheme.tasks
        for value in task.values
        if given.get(task.key) == value.key
    ]
