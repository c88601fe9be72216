"""Schemes and guidelines: their versions, and drawing up the next one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.blinding import guard_guideline, guideline_for
from annotation.forms import (
    AnnotationSettingsForm,
    GuidelineForm,
    RulesForm,
    TaskForm,
    TaskForms,
    drawn_up,
)
from annotation.models import Guideline, SchemeVersion
from annotation.scheme import DEFAULT, FULL, STRENGTHS, Task
from core.parameters import number, posted
from corpus.models import Corpus
from corpus.page_context import context
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of, with_role

NEW_TASK = Task("new_task", {"en": "new task", "zh": "新任务"}, "nominal", FULL["pride"].values)
NEW_CORRELATION = Task(
    "new_correlation", {"en": "new correlation", "zh": "新相关性"}, "ordinal", STRENGTHS
)


def annotation_settings(request, pk):
    """What new rounds of the corpus start with."""
    corpus = corpus_of(request, pk, LEAD)
    form = AnnotationSettingsForm(posted(request), corpus=corpus)
    if request.method == "POST" and form.is_valid():
        corpus.set(request.user, default_scheme=form.cleaned_data["scheme"])
        messages.success(request, _("Settings saved."))
        return redirect("annotation_settings", pk)
    page = context(corpus, "settings", tab="annotation", form=form)
    return render(request, "annotation/settings.html", page)


def schemes(request, pk):
    """Every version of the scheme and of the guideline, with the rounds that use it."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    page = context(
        corpus,
        "rounds",
        schemes=corpus.schemes.prefetch_related("rounds"),
        guidelines=corpus.guidelines.select_related("person").prefetch_related("rounds"),
    )
    return render(request, "annotation/schemes.html", page)


def new_scheme(request, pk):
    """Draw up the next version; what was judged under the old ones stays as it is."""
    corpus = corpus_of(request, pk, LEAD)
    if request.method == "POST":
        tasks, rules = TaskForms(request.POST, prefix="t"), RulesForm(request.POST)
        if (added := request.POST.get("add")) or not (tasks.is_valid() and rules.is_valid()):
            tasks = _with_one_more(request.POST, added) if added else tasks
        elif scheme := drawn_up(tasks, rules):
            note = rules.cleaned_data["note"]
            made = SchemeVersion.of(corpus, scheme, request.user, note)
            messages.success(
                request,
                _("Scheme %(version)s was saved. New rounds can use it.") % {"version": made},
            )
            return redirect("schemes", pk)
    else:
        base = corpus.schemes.filter(number=number(request.GET.get("from"))).first()
        base = base or corpus.schemes.first()
        scheme = base.scheme if base else DEFAULT
        tasks = TaskForms(initial=[TaskForm.of(task) for task in scheme.tasks], prefix="t")
        rules = RulesForm(initial=RulesForm.of(scheme))
    return render(
        request, "annotation/new_scheme.html", context(corpus, "rounds", tasks=tasks, rules=rules)
    )


def _with_one_more(posted, kind):
    """The forms as they were sent, and an empty one after them."""
    data = posted.copy()
    count = number(posted.get("t-TOTAL_FORMS"))
    task = NEW_CORRELATION if kind == "correlation" else NEW_TASK
    for name, value in TaskForm.of(task).items():
        data[f"t-{count}-{name}"] = value
    data["t-TOTAL_FORMS"] = str(count + 1)
    return TaskForms(data, prefix="t")


@require_POST
def preview(request, pk):
    """The form as annotators will see it, or what is wrong with it."""
    corpus_of(request, pk, LEAD)
    tasks, rules = TaskForms(request.POST, prefix="t"), RulesForm(request.POST)
    scheme = drawn_up(tasks, rules) if tasks.is_valid() and rules.is_valid() else None
    faults = [str(fault) for fault in rules.non_field_errors()]
    for form in [*tasks.forms, rules]:
        faults += [str(fault) for faults_ in form.errors.values() for fault in faults_]
    shown = {"scheme": scheme, "faults": list(dict.fromkeys(faults))}
    return render(request, "annotation/_preview.html", shown)


def new_guideline(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    newest = corpus.guidelines.first()
    guard_guideline(request.user, newest)
    form = GuidelineForm(posted(request), initial={"text": newest.text if newest else ""})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        made = Guideline.draw_up(request.user, corpus, chosen["text"], chosen["note"])
        return redirect("guideline", made.pk)
    page = context(corpus, "rounds", form=form, newest=newest)
    return render(request, "annotation/new_guideline.html", page)


def guideline(request, pk):
    """One version, to everybody of the corpus; without examples from what they annotate blind."""
    found = get_object_or_404(
        Guideline.objects.filter(corpus__in=Corpus.objects.of(request.user)), pk=pk
    )
    corpus = with_role(request, found.corpus)
    text, left_out = guideline_for(request.user, found)
    page = context(corpus, "rounds", guideline=found, text=text, left_out=left_out)
    return render(request, "annotation/guideline.html", page)
