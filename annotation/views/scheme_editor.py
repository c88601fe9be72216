"""The editor of schemes: drawing up the next version, its preview, comparison, files."""

import json

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.models import SchemeVersion
from annotation.scheme import Scheme
from annotation.scheme_changes import changes, condition_in_words
from annotation.scheme_file import read_scheme_file, scheme_as_json
from annotation.scheme_form import ASKED, COLOUR_NAMES, KINDS, SchemeForm, changed
from annotation.scheme_starts import PUBLISHED, others, start
from annotation.templatetags.scheme import named
from core.errors import UserError
from core.parameters import number
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of

MOST_OTHERS = 20


def new_scheme(request, pk):
    """Draw up the next version; what was judged under the old ones stays as it is."""
    corpus = corpus_of(request, pk, LEAD)
    focus = ""
    if request.method == "GET":
        scheme, base = start(request.user, corpus, request.GET.get("from", ""))
        form = SchemeForm.of(scheme)
    else:
        base = _base(corpus, request.POST)
        form, focus = _sent(request)
        if form.sent and form.scheme:
            return _saved(request, corpus, form)
        if not form.sent:
            form.forget_errors()
    page = context(
        corpus,
        "rounds",
        form=form,
        base=base,
        focus=focus,
        errors=form.errors() if form.sent else [],
        kinds=KINDS.items(),
        asked=ASKED.items(),
        colours=COLOUR_NAMES.items(),
        published=[(key, words) for key, (words, _scheme) in PUBLISHED.items()],
        others=others(request.user, corpus)[:MOST_OTHERS],
    )
    return render(request, "annotation/new_scheme.html", page)


def _base(corpus, posted):
    """The version that the form began with, None if it was another scheme."""
    return corpus.schemes.filter(number=number(posted.get("base"))).first()


def _saved(request, corpus, form):
    made = SchemeVersion.of(corpus, form.scheme, request.user, form.note)
    messages.success(
        request, _("Scheme %(version)s was saved. New rounds can use it.") % {"version": made}
    )
    return redirect("schemes", corpus.pk)


def _sent(request):
    """The form as it was sent, after the command of a button or filled in from a file; and the id
    of the row that a command is about.
    """
    if "file" in request.FILES:
        return _imported(request) or SchemeForm(request.POST), ""
    command = request.POST.get("do")
    data, focus = changed(request.POST, command or "")
    form = SchemeForm(data)
    form.sent = command is None
    return form, focus


def _imported(request):
    """The form filled in from an uploaded file; None, with a message, if it is no scheme."""
    try:
        form = SchemeForm.of(read_scheme_file(request.FILES["file"].read()))
    except UserError as error:
        messages.error(request, translate_error(error))
        return None
    words = _("The scheme was read from the file. It is not saved yet.")
    messages.info(request, words)
    return form


@require_POST
def preview(request, pk):
    """The questions as annotators will see them, what is new, and what is wrong."""
    corpus = corpus_of(request, pk, LEAD)
    form, base = SchemeForm(request.POST), _base(corpus, request.POST)
    found = changes(base.scheme, form.scheme) if base and form.scheme else []
    shown = {"form": form, "base": base, "changes": found}
    if form.scheme:
        shown |= sample(form.scheme)
    return render(request, "annotation/_scheme_preview.html", shown)


def sample(scheme: Scheme):
    """What the questions of the workbench need to ask those of a scheme about a made-up line."""
    questions = [
        {
            "task": task,
            "due": task in scheme.asked({}),
            "parents": [scheme[parent] for parent in task.parents],
        }
        for task in scheme.tasks
    ]
    utterance = {"pk": 0, "number": 1, "speaker": _("A speaker"), "text": _("A line to annotate.")}
    return {
        "scheme": scheme,
        "turns": [{"utterance": utterance, "questions": questions}],
        "assignment": {"pk": 0},
        "round": {},
        "shown": {"words": True},
        "editable": True,
        "conditions": [
            (task, condition_in_words(task, scheme))
            for task in scheme.tasks
            if task.only_if or task.only_if_any
        ],
    }


def scheme_comparison(request, pk):
    """What differs between two versions, in words."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    versions = list(corpus.schemes.all())
    if not versions:
        raise Http404
    after = _version(versions, request.GET.get("to"), versions[0])
    before = _version(versions, request.GET.get("from"), versions[min(1, len(versions) - 1)])
    page = context(
        corpus,
        "rounds",
        before=before,
        after=after,
        changes=_by_task(changes(before.scheme, after.scheme)),
        versions=[(str(each.number), f"{each} {each.note}") for each in versions],
    )
    return render(request, "annotation/scheme_comparison.html", page)


def _version(versions, asked, otherwise):
    return next((each for each in versions if each.number == number(asked)), otherwise)


def _by_task(found):
    """The changes of each task together: its name, what was done to it, the sentences."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for change in found:
        grouped.setdefault((change.about, change.what), []).append(change.words)
    return [(about, what, words) for (about, what), words in grouped.items()]


def scheme_page(request, pk, version):
    """One version as annotators see it, each task with its values and when it is asked."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    found = get_object_or_404(corpus.schemes.prefetch_related("rounds"), number=version)
    tasks = [
        (task, condition_in_words(task, found.scheme), " → ".join(
            named(found.scheme[parent]) for parent in task.parents))
        for task in found.scheme.tasks
    ]  # fmt: skip
    page = context(corpus, "rounds", version=found, tasks=tasks, **sample(found.scheme))
    page["role"] = corpus.my_role
    return render(request, "annotation/scheme.html", page)


def scheme_file(request, pk, version):
    """One version as JSON, as releases have it."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    found = get_object_or_404(corpus.schemes.all(), number=version)
    text = json.dumps(scheme_as_json(found.scheme), ensure_ascii=False, indent=2)
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="scheme-{corpus.pk}-v{version}.json"'
    return response
