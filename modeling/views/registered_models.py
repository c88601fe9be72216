"""Registered models: naming a finished run, and its model card."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from core.errors import UserError
from core.parameters import posted
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, with_role
from modeling import model_card as model_cards
from modeling.forms import RegisteredModelForm
from modeling.models import RegisteredModel
from modeling.views.evaluations import as_attachment
from modeling.views.runs import visible_run_of


def register(request, pk):
    run = visible_run_of(request, pk)
    form = RegisteredModelForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = RegisteredModel.register(request.user, run, **form.cleaned_data)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            return redirect("model", made.pk)
    page = context(run.release.corpus, "runs", run=run, form=form)
    return render(request, "modeling/register.html", page)


def _model_of(request, pk):
    """A model of a corpus that the person leads. Raises Http404, Withheld."""
    model = get_object_or_404(RegisteredModel.objects.of(request.user), pk=pk)
    with_role(request, model.run.release.corpus, LEAD)
    model.run.release.guard_blind(request.user)
    return model


def _card(model):
    run = model.run
    evaluation = run.evaluation
    scheme = run.release.rounds.select_related("scheme_version").first()
    facts = {
        "corpus": f"{run.release.corpus} {run.release.version}",
        "release digest": run.release.digest,
        "scheme": str(scheme.scheme_version) if scheme else "",
        "recipe": run.recipe,
        **run.options,
        **_features(run),
        "seed": run.seed,
        "best epoch": run.results["best_epoch"],
        "parameters": run.results["parameters"],
        "registered": f"{model.registered_at:%Y-%m-%d} by {model.registered_by}",
    }
    texts = {key: str(value) for key, value in facts.items()}
    result = evaluation.result if evaluation else None
    return model_cards.render(model.name, model.use, model.limits, texts, run.results, result)


def _features(run):
    """What extracted the features of each modality, as the learner wrote it."""
    return {
        f"features of {name}": ", ".join(row[part] for part in ("encoder", "by") if row.get(part))
        + (f" (from {row['from']})" if row.get("from") else "")
        for name, row in run.results.get("features", {}).items()
    }


def model(request, pk):
    model = _model_of(request, pk)
    corpus = model.run.release.corpus
    current = RegisteredModel.objects.current(corpus) == model
    page = context(corpus, "runs", model=model, current=current, text=_card(model))
    return render(request, "modeling/model.html", page)


def model_card(request, pk):
    model = _model_of(request, pk)
    response = HttpResponse(_card(model), content_type="text/markdown")
    return as_attachment(request, model, response, f"model-{pk}.md")
