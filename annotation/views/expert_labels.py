"""Gold answers: which dialogues have them, and writing them down with the reason."""

from collections import Counter

from django import forms
from django.contrib import messages
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from annotation.blinding import blind_dialogues, guard, guard_dialogue
from annotation.gold_labels import gold_of
from annotation.models import ExpertLabel, Round, SchemeVersion
from annotation.models.expert_labels import with_gold
from core.column_lengths import fitting
from core.data_table import Column, DataTable
from core.errors import UserError
from core.filter_form import FilterForm
from core.normalization import search_key
from core.parameters import number
from core.translation import translate_error
from corpus.models import Utterance
from corpus.page_context import context, export_of
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of, dialogue_of

EXPERT_LABELS = DataTable(
    "expert-labels",
    [
        Column("dialogue", _("dialogue"), sort="uid", fixed=True, value=str),
        Column("source", _("source"), sort=("source_id", "number"), value=lambda row: row.source),
        Column("labelled", _("utterances with expert labels"), sort="has", numeric=True,
               falling=True, value=lambda row: row.labelled),
        Column("utterances", _("utterances"), sort="size", numeric=True, falling=True,
               value=lambda row: row.size),
    ],
    sort="-labelled",
)  # fmt: skip


class ExpertLabelFilter(FilterForm):
    """Which published dialogues."""

    q = forms.CharField(label=_("dialogue"), required=False, max_length=200, strip=True)
    state = forms.ChoiceField(
        label=_("expert labels"),
        required=False,
        choices=[
            ("", _("all")),
            ("with", _("with expert labels")),
            ("without", _("without expert labels")),
        ],
    )

    def by_q(self, rows, value):
        return rows.filter(search__contains=search_key(value))

    def by_state(self, rows, value):
        return rows.filter(has=value == "with")


def expert_labels(request, pk):
    """The published dialogues, with how many of their utterances have expert labels."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    blind = blind_dialogues(request.user).filter(corpus=corpus)
    rows = corpus.dialogues.published().exclude(pk__in=blind.values("pk"))
    labelled = Q(pk__in=with_gold(corpus).values("pk"))  # asked once, not for each dialogue
    rows = rows.alias(has=ExpressionWrapper(labelled, BooleanField()))
    n, whole = rows.filter(has=True).count(), rows.count()
    form = ExpertLabelFilter(request.GET)
    found = form.filtered(rows).select_related("source")
    table = EXPERT_LABELS.page(
        request,
        found.sized() if EXPERT_LABELS.sorted_by(request, "utterances") else found,
        form,
        prepare=_counted,
        export=export_of(request, corpus),
    )
    shown = context(corpus, "rounds", blind=blind.exists(), n=n, left=whole - n)
    return table.render("annotation/expert_labels.html", shown)


def dialogue_expert_labels(request, pk):
    """What is right in one dialogue, and why; filled in from a round if one is named."""
    dialogue = dialogue_of(request, pk, LEAD, ADJUDICATOR)
    guard_dialogue(request.user, dialogue)
    corpus = dialogue.corpus
    version = corpus.schemes.first() or SchemeVersion.of(corpus)
    utterances = list(dialogue.utterances.select_related("speaker"))
    if request.method == "POST":
        try:
            answers = list(_answers(request.POST, version.scheme, utterances))
        except UserError as error:
            messages.error(request, translate_error(error))
        else:
            written = ExpertLabel.write(request.user, dialogue, answers)
            said = ngettext("%(n)d expert label saved.", "%(n)d expert labels saved.", written)
            messages.success(request, said % {"n": written})
            then = _without_labels(request.user, corpus).filter(pk=number(request.POST.get("then")))
            if then:
                return redirect("dialogue_expert_labels", then[0].pk)
            return redirect("expert_labels", corpus.pk)
    known = ExpertLabel.known([dialogue])
    chosen = corpus.rounds.filter(pk=number(request.GET.get("round")))
    guard(request.user, chosen)
    proposed = _proposed(chosen, dialogue)
    rows = [
        {
            "utterance": utterance,
            "questions": [
                {
                    "task": task,
                    "known": known.get(utterance.pk, {}).get(task.key),
                    "value": _value(known, proposed, utterance.pk, task.key),
                }
                for task in version.scheme.tasks
            ],
        }
        for utterance in utterances
    ]
    rounds = Round.objects.filter(assignments__dialogue=dialogue).distinct()
    following = _without_labels(request.user, corpus).exclude(pk=dialogue.pk).first()
    page = context(
        corpus, "rounds", dialogue=dialogue, rows=rows, rounds=rounds, following=following
    )
    return render(request, "annotation/dialogue_expert_labels.html", page)


def _without_labels(person, corpus):
    """The published dialogues that have no expert labels yet, but for those annotated blind."""
    blind = blind_dialogues(person).filter(corpus=corpus)
    rows = corpus.dialogues.published().exclude(pk__in=with_gold(corpus).values("pk"))
    return rows.exclude(pk__in=blind.values("pk")).order_by("source_id", "number")


def _counted(dialogues):
    """The dialogues with how many utterances each has, and how many of them expert labels."""
    sizes = Utterance.objects.sizes("dialogue", dialogues)
    known = ExpertLabel.known(dialogues)
    owners = dict(Utterance.objects.filter(pk__in=known).values_list("pk", "dialogue_id"))
    labelled = Counter(owners.values())
    for dialogue in dialogues:
        dialogue.size, dialogue.labelled = sizes.get(dialogue.pk, 0), labelled[dialogue.pk]
    return dialogues


def _value(known, proposed, utterance, task):
    found = known.get(utterance, {}).get(task)
    return found.value if found else proposed.get((utterance, task), "")


def _proposed(rounds, dialogue):
    """What a round has settled on for this dialogue."""
    return {key: gold.value for key, gold in gold_of(rounds, [dialogue]).items() if gold.value}


def _answers(posted, scheme, utterances):
    for utterance in utterances:
        for task in scheme.tasks:
            value = posted.get(f"{utterance.pk}-{task.key}", "")
            why = fitting(posted.get(f"{utterance.pk}-{task.key}-why", ""), "why", 1000)
            if value:
                scheme.check(task.key, value)
            yield utterance, task.key, value, why if value else ""
