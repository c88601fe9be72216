"""What a lead and an adjudicator see: rounds, agreement, and the items behind every number."""

from django.shortcuts import get_object_or_404, redirect, render

from annotation.forms import AdmissionForm, RoundForm
from annotation.models import Remark, Report, Round
from annotation.models.reports import counted
from annotation.models.rounds import resting
from annotation.progress import forecast, funnel, people
from corpus.jobs import Refused, sentence
from corpus.scope import ADJUDICATOR, LEAD, at_most, context, corpus_of, posted, with_role


def rounds(request, pk):
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    rows = corpus.rounds.counted().select_related("closure", "scheme_version")
    rows = rows.annotate(resting=resting("pk"))
    return render(request, "annotation/rounds.html", context(corpus, "rounds", rounds=rows))


def new_round(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = RoundForm(posted(request), corpus=corpus)
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
    from annotation.views.agreement import bring_up, drawn_measures

    found = round_of(request, pk)
    left = bring_up(found)
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
        measures=drawn_measures(found),
        report=Report.of(found, Report.Kind.AGREEMENT),
        left=left,
        refresh=left,
        hand_ins=counted(found),
        open_items=at_most(found.items.filter(open=True)),
        oddities=found.oddities.waiting().count(),
    )
    return render(request, "annotation/round.html", page)
