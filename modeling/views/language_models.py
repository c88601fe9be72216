"""A language model that is asked about a release: the form, and how far it is."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from core.errors import UserError
from core.fragments import live_part
from core.parameters import posted
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, with_role
from modeling.encoders import language_models
from modeling.language_model_form import LanguageModelJudgeForm
from modeling.models import LanguageModelJudge
from modeling.training_workers import training_worker_count


def new_language_model_judge(request, pk):
    """Choose a model and have it asked."""
    corpus = corpus_of(request, pk, LEAD)
    form = LanguageModelJudgeForm(
        posted(request), corpus=corpus, gpus=training_worker_count("gpu"),
        initial={"release": request.GET.get("release")},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        judge = form.save(commit=False)
        try:
            judge.request_by(request.user)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            return redirect(judge.page_url)
    page = context(
        corpus, "runs", form=form, ready=corpus.releases.usable().exists(),
        installed=bool(language_models()), workers=training_worker_count(),
    )  # fmt: skip
    return render(request, "modeling/new_language_model_judge.html", page)


def language_model_judge(request, pk):
    """How it was asked, how far it is, and where its scores are."""
    judge = judge_of(request, pk)
    url = reverse("language_model_judge_progress", args=[judge.pk])
    page = context(judge.release.corpus, "runs", row=judge, progress_url=url)
    return render(request, "modeling/language_model_judge.html", page)


def language_model_judge_progress(request, pk):
    judge = judge_of(request, pk)
    url = reverse("language_model_judge_progress", args=[judge.pk])
    values = {"job": judge, "name": "language-model-judge", "url": url}
    return live_part(request, "_progress.html", judge.active, values)


def judge_of(request, pk):
    """One for a release of a corpus that the person leads."""
    judge = get_object_or_404(LanguageModelJudge.objects.of(request.user), pk=pk)
    with_role(request, judge.release.corpus, LEAD)
    return judge
