"""What a lead and an adjudicator see: rounds, agreement, and the items behind every number."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from annotation.agreement import NO_PAIRS, ONE_VALUE
from annotation.forms import AdmissionForm, RoundForm
from annotation.measuring import measure
from annotation.models import Adjudication, Remark, Round
from annotation.models.gold import items
from annotation.models.rounds import resting
from annotation.progress import forecast, funnel, people
from annotation.scheme import SchemeError
from corpus.jobs import Refused, sentence
from corpus.models import Utterance
from corpus.scope import ADJUDICATOR, LEAD, at_most, context, corpus_of, number, page_of, with_role
from people.models import Person

WORDS = {
    "reliable": _("reliable"),
    "tentative": _("tentative"),
    "unreliable": _("not reliable"),
    NO_PAIRS: _("undefined: no utterance has two handed-in judgements yet"),
    ONE_VALUE: _("undefined: everybody gave the same value everywhere"),
}
KINDS = {
    "open": _("contested, not adjudicated"),
    "contested": _("contested"),
    "majority": _("majority"),
    "unanimous": _("unanimous"),
    "adjudicated": _("adjudicated"),
}
AXIS = 192  # width of the 0–1 axis in the drawing, from 4


def rounds(request, pk):
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    rows = corpus.rounds.counted().select_related("closure", "scheme_version")
    rows = rows.annotate(resting=resting("pk"))
    return render(request, "annotation/rounds.html", context(corpus, "rounds", rounds=rows))


def new_round(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = RoundForm(request.POST or None, corpus=corpus)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        quotas = {member.person: chosen["quota"] for member in chosen["annotators"]}
        try:
            opened = Round.open(
                request.user,
                corpus,
                chosen["name"],
                form.judged(),
                quotas,
                chosen["overlap"],
                gold=form.gold(),
                **form.options(),
            )
        except Refused as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return redirect("round", opened.pk)
    page = context(corpus, "rounds", form=form, ready=corpus.dialogues.published().exists())
    return render(request, "annotation/new_round.html", page)


def round_of(request, pk, *roles):
    found = get_object_or_404(Round.objects.of(request.user), pk=pk)
    with_role(request, found.corpus, *(roles or (LEAD, ADJUDICATOR)))
    return found


def round_page(request, pk):
    """Progress person by person, and agreement task by task."""
    found = round_of(request, pk)
    done, wanted = found.share_done()
    page = context(
        found.corpus,
        "rounds",
        round=found,
        done=done,
        given=wanted,
        funnel=None if found.published else funnel(found),
        stuck=None if found.published else at_most(found.stuck()),
        forecast=forecast(found, done, wanted),
        people=people(found),
        remarks=Remark.objects.filter(assignment__round=found).waiting().count(),
        admission=AdmissionForm(round=found),
        measures=[_drawn(m) for m in measure([found], found.scheme)],
    )
    return render(request, "annotation/round.html", page)


def _drawn(measured):
    """A measure with its words and its places on the drawn axis."""
    alpha = measured.alpha

    def place(value):
        return None if value is None else round(4 + AXIS * min(max(value, 0.0), 1.0), 1)

    return {
        "task": measured.task,
        "alpha": alpha,
        "word": WORDS[measured.reading or alpha.undefined],
        "x": place(alpha.value),
        "low": place(alpha.low),
        "high": place(alpha.high),
    }


def round_items(request, pk):
    """The items of one task, those people differ on most first, to look at and to adjudicate."""
    found = round_of(request, pk)
    scheme = found.scheme
    key = request.GET.get("task") or scheme.keys[0]
    if key not in scheme.keys:
        raise Http404
    kind = request.GET.get("kind", "")
    rows = [item for item in items([found], key) if _is(item, kind)]
    rows.sort(key=lambda item: (not item.open, -_spread(item), item.utterance_id))
    page = page_of(request, rows, 20)
    page.object_list = _filled(page.object_list, scheme[key])
    shown = context(
        found.corpus,
        "rounds",
        round=found,
        task=scheme[key],
        scheme=scheme,
        kind=kind,
        kinds=KINDS,
        page=page,
    )
    return render(request, "annotation/items.html", shown)


def _is(item, kind):
    if kind == "open":
        return item.open
    return not kind or kind in (item.provenance, item.consensus.kind)


def _spread(item):
    votes = item.consensus.votes
    return 1 - max(votes.values()) / sum(votes.values())


def _filled(rows, task):
    """The items of one page with their utterance, and their answers with names."""
    utterances = Utterance.objects.select_related("dialogue", "speaker").in_bulk(
        [item.utterance_id for item in rows]
    )
    persons = Person.objects.in_bulk({pk for item in rows for pk in item.answers})
    values = {value.key: value for value in task.values}
    return [
        {
            "item": item,
            "utterance": utterances[item.utterance_id],
            "answers": [(persons[pk], values[key]) for pk, key in sorted(item.answers.items())],
        }
        for item in rows
    ]


@require_POST
def adjudications(request, pk):
    """Write a ruling on one task of one utterance."""
    found = round_of(request, pk)
    task, utterance_id = request.POST.get("task", ""), request.POST.get("utterance", "")
    utterance = get_object_or_404(
        Utterance.objects.filter(dialogue__assignments__round=found).distinct(),
        pk=number(utterance_id),
    )
    try:
        Adjudication.rule(request.user, found, utterance, task, request.POST.get("value", ""))
    except SchemeError as error:
        messages.error(request, sentence(error))
    query = request.POST.get("query", "")
    return redirect(f"{reverse('round_items', args=[found.pk])}?{query}#i{utterance.pk}")
