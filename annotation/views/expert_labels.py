"""Gold answers: which dialogues have them, and writing them down with the reason."""

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from annotation.blinding import blind_dialogues, guard, guard_dialogue
from annotation.gold_labels import gold_of
from annotation.models import ExpertLabel, Round, SchemeVersion
from annotation.models.expert_labels import with_gold
from annotation.scheme import SchemeError
from core.normalization import search_key
from core.pagination import page_of
from core.parameters import number, text
from core.translation import translate_error
from corpus.models import Utterance
from corpus.page_context import context
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of, dialogue_of


def expert_labels(request, pk):
    """The dialogues with gold answers, and those that could get them."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    blind = blind_dialogues(request.user).filter(corpus=corpus)
    rows = with_gold(corpus).exclude(pk__in=blind.values("pk")).select_related("source")
    rows = rows.annotate(n=Count("utterances")).order_by("source_id", "number")
    others = _without_labels(request.user, corpus)
    words = text(request.GET, "q")
    if words:
        others = others.filter(search__contains=search_key(words))
    shown = context(
        corpus,
        "rounds",
        page=_counted(page_of(request, rows, 50)),
        left=others.count(),
        others=others.select_related("source")[:20],
        q=words,
        blind=blind.exists(),
    )
    return render(request, "annotation/expert_labels.html", shown)


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
        except SchemeError as error:
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


def _counted(page):
    """Each dialogue of a page with how many of its utterances have expert labels."""
    known = ExpertLabel.known(page.object_list)
    owners = dict(Utterance.objects.filter(pk__in=known).values_list("pk", "dialogue_id"))
    for dialogue in page.object_list:
        dialogue.labelled = sum(owner == dialogue.pk for owner in owners.values())
    return page


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
            why = posted.get(f"{utterance.pk}-{task.key}-why", "").strip()[:1000]
            if value:
                scheme.check(task.key, value)
            yield utterance, task.key, value, why if value else ""
