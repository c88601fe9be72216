"""Deciding the contested items of a round, one after the other."""

from math import ceil

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from annotation.adjudication import adjudicate
from annotation.adjudication_queue import LEVELS, Queue, seconds_each
from annotation.annotator_names import Names
from annotation.blinding import guideline_for
from annotation.models import Adjudication, Comment, ExpertLabel, Guideline, Item
from annotation.scheme import SchemeError
from annotation.templatetags.scheme import named
from annotation.views.access import results_of
from annotation.views.agreement import bring_up
from annotation.views.items import filled
from core.errors import UserError
from core.parameters import number
from core.translation import translate_error
from corpus.models import Utterance
from corpus.page_context import context
from corpus.permissions import LEAD

LAST = 8  # decisions in the list of one's own
ORDER_NAMES = {
    "hardest": gettext_lazy("highest disagreement first"),
    "dialogue": gettext_lazy("dialogue by dialogue"),
}


def adjudication(request, pk):
    """One contested item at a time, in the order and of the kind that the address asks for."""
    found = results_of(request, pk)
    bring_up(found)
    names = Names(found, by_letter=True)  # for everybody who decides, leads too
    queue = Queue.of(found, names, request.GET)
    item, chosen = _asked(request, found, queue)
    left, whole = queue.counts()
    pace = seconds_each(request.user, found)
    page = context(
        found.corpus,
        "rounds",
        round=found,
        queue=queue,
        queue_in_words=_filters_in_words(queue),
        left=left,
        whole=whole,
        done=whole - left,
        minutes=ceil(left * pace / 60) if pace and left else None,
        tasks=[
            (task.key, f"{named(task)} ({count})" if count else named(task))
            for task, count in queue.tasks()
        ],
        people=[(names.key(who), names[who]) for who in names.in_order(names.letters)],
        levels=[(str(level), f"≥ {level}") for level in LEVELS],
        orders=ORDER_NAMES.items(),
        chosen=chosen,
        decided=_decided(request, queue),
        last=_last_decisions(request.user, queue),
        guideline=guideline_for(request.user, found.guideline)[0],
    )
    if item:
        page |= _case(found, item, names)
        page |= {
            "following": _link(queue, queue.after(item)),
            "before": _link(queue, queue.before(item)),
        }
    return render(request, "annotation/adjudication.html", page)


def _asked(request, round, queue):
    """The item to show, and whether the address names it: one of an utterance, or the one after
    another in the queue.
    """
    asked, of_task = number(request.GET.get("utterance")), request.GET.get("of", "")
    item = round.items.filter(utterance=asked, task=of_task).first() if asked else None
    if item:
        return item, True
    after = number(request.GET.get("after") or request.GET.get("later"))
    last = round.items.filter(pk=after).select_related("utterance__dialogue").first()
    return queue.after(last if after else None), False


def _filters_in_words(queue):
    """What the queue is narrowed by."""
    if queue.task:
        yield named(queue.round.scheme[queue.task])
    if queue.person:
        yield _("answered by %(who)s") % {"who": queue.person}
    if queue.level:
        yield _("disagreement at least %(level)s") % {"level": queue.level}
    yield ORDER_NAMES[queue.order]


def _link(queue, item):
    """The address of another item of the queue, None without one."""
    return item and queue.at(utterance=item.utterance_id, of=item.task)


def _decided(request, queue):
    """The person's decision that the address names, which they may undo at once."""
    rows = Adjudication.objects.filter(round=queue.round, person=request.user)
    row = rows.filter(pk=number(request.GET.get("decided"))).select_related("utterance").first()
    return _in_words(queue, [row])[0] if row else None


def _last_decisions(person, queue):
    rows = Adjudication.objects.filter(round=queue.round, person=person).select_related("utterance")
    return _in_words(queue, rows.order_by("-pk")[:LAST])


def _in_words(queue, rows):
    """Decisions with their task and value."""
    round = queue.round
    return [
        {
            "decision": row,
            "href": queue.at(utterance=row.utterance_id, of=row.task),
            "task": round.scheme[row.task],
            "value": next((v for v in round.scheme[row.task].values if v.key == row.value), None),
        }
        for row in rows
    ]


def _case(round, item, names):
    """Everything that helps to decide an item."""
    utterance = Utterance.all_objects.select_related("dialogue", "speaker").get(
        pk=item.utterance_id
    )
    dialogue, task = utterance.dialogue, round.scheme[item.task]
    values = {value.key: value for value in task.values}
    comments = Comment.objects.filter(
        assignment__round=round, utterance=utterance, taken_back=False
    ).select_related("assignment")
    decisions = Adjudication.objects.filter(round=round, utterance=utterance, task=item.task)
    given = item.given
    who_said = {
        value.key: [names[who] for who in names.in_order(given) if given[who] == value.key]
        for value in task.values
    }
    return {
        "item": item,
        "row": filled(round, [item], names)[0],
        "choices": [
            (value, digit, who_said[value.key])
            for value, digit in zip(task.values, task.digits, strict=True)
        ],
        "beside": _beside(round, item, names),
        "task": task,
        "utterance": utterance,
        "dialogue": dialogue,
        "turns": list(dialogue.utterances.select_related("speaker")),
        "comments": [(names[each.assignment.person_id], each) for each in comments],
        "history": [
            (each, values.get(each.value) if each.verdict == each.Verdict.VALUE else None)
            for each in decisions.select_related("person").order_by("-pk")
        ],
        "errors": Adjudication.Error.choices,
    }


def _beside(round, item, names):
    """What everybody answered to the other tasks: the tasks, and each annotator with values."""
    rows = Item.objects.filter(round=round, utterance=item.utterance_id).exclude(task=item.task)
    given = {row.task: row.given for row in rows}
    tasks = [task for task in round.scheme.tasks if task.key in given]
    answers = [
        (
            names[who],
            [next((v for v in t.values if v.key == given[t.key].get(who)), None) for t in tasks],
        )
        for who in names.in_order(item.given)
    ]
    return {"tasks": tasks, "answers": answers} if tasks else None


@require_POST
def adjudications(request, pk):
    """Decide one task of one utterance, and make of it what else was ticked."""
    found = results_of(request, pk)
    posted = request.POST
    utterance = get_object_or_404(
        Utterance.objects.filter(items__round=found).distinct(), pk=number(posted.get("utterance"))
    )
    task, value = posted.get("of") or posted.get("task", ""), posted.get("value", "")
    verdict = posted.get("verdict") or "value"
    if verdict not in Adjudication.Verdict.values:
        raise Http404
    error = posted.get("error", "")
    try:
        ruling = adjudicate(
            request.user,
            found,
            utterance,
            task,
            value,
            verdict,
            posted.get("reason", ""),
            error if error in Adjudication.Error.values else "",
        )
    except (SchemeError, UserError) as refusal:
        messages.error(request, translate_error(refusal))
        ruling = None
    else:
        _make_of(request, found, ruling)
    if posted.get("back") == "queue":
        return redirect(_onward(found, posted, utterance, ruling))
    address = reverse("items", args=[pk])
    return redirect(f"{address}?{posted.get('query', '')}#i{utterance.pk}")


def _onward(round, posted, utterance, ruling):
    """The address of what comes after a decision: the next item; the item itself where the decision
    was undone or refused.
    """
    queue = Queue.of(round, Names(round, by_letter=True), posted)
    if ruling is None or ruling.verdict == Adjudication.Verdict.NONE:
        said = queue.at(utterance=utterance.pk, of=posted.get("of", ""))
    else:
        item = round.items.filter(utterance=utterance, task=ruling.task).first()
        said = queue.at(after=item.pk if item else "", decided=ruling.pk)
    return reverse("adjudication", args=[round.pk]) + said


def _make_of(request, round, ruling):
    """A decision as a gold answer or as an example of the guideline."""
    if ruling.verdict != Adjudication.Verdict.VALUE:
        return
    if request.POST.get("as_gold"):
        answer = (ruling.utterance, ruling.task, ruling.value, ruling.reason)
        ExpertLabel.write(request.user, ruling.utterance.dialogue, [answer])
        messages.success(request, _("The decision was saved as an expert label."))
    if request.POST.get("as_example") and round.corpus.my_role == LEAD:
        task = round.scheme[ruling.task]
        value = next(value for value in task.values if value.key == ruling.value)
        made = Guideline.add_example(
            request.user, round.corpus, ruling.utterance, task, value, ruling.reason
        )
        messages.success(
            request,
            _("The example was added to the guideline (version %(number)d).")
            % {"number": made.number},
        )
