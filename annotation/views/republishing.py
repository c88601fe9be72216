"""Publishing an edited dialogue: first what it does to the judgements, then doing it."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.blinding import blind_dialogues
from annotation.republishing import changes, republish
from corpus.page_context import context
from corpus.permissions import LEAD, dialogue_of
from corpus.visibility import guard


def republication(request, pk):
    dialogue = dialogue_of(request, pk, LEAD)
    guard(request.user, dialogue)
    if not dialogue.is_published or not dialogue.has_draft:
        return redirect("editor", dialogue.pk)
    rows = changes(dialogue)
    if request.method == "POST":
        keep = [change.uid for change in rows if request.POST.get(f"keep-{change.uid}") == "yes"]
        anew, reopened = republish(dialogue, request.user, keep)
        said = [
            _("The changes are published."),
            ngettext(
                "%(n)d utterance is annotated again.", "%(n)d utterances are annotated again.", anew
            )
            % {"n": anew},
            ngettext("%(n)d submission was reopened.", "%(n)d submissions were reopened.", reopened)
            % {"n": reopened},
        ]
        messages.success(request, " ".join(said))
        return redirect("dialogue", dialogue.pk)
    page = context(dialogue.corpus, "corpus", dialogue=dialogue, changes=rows)
    # how many answers there are may depend on their values: a task may be asked after a "yes" only
    page["blind"] = blind_dialogues(request.user).filter(pk=dialogue.pk).exists()
    page["at_stake"] = sum(change.judgements for change in rows if change.at_stake)
    return render(request, "annotation/republication.html", page)
