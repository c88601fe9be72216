"""Models: naming a finished run, and its card."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from core.errors import UserError
from core.parameters import posted
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, with_role
from modeling.forms import ModelForm
from modeling.model_card import card
from modeling.models import RegisteredModel
from modeling.views.looks import attached
from modeling.views.runs import known_run_of


def register(request, pk):
    run = known_run_of(request, pk)
    form = ModelForm(posted(request))
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
    look = run.evaluation
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
    told = {key: str(value) for key, value in facts.items()}
    result = look.result if look else None
    return card(model.name, model.use, model.limits, told, run.results, result)


def _features(run):
    """What measured each modality, as the learner wrote it down."""
    return {
        f"features of {name}": ", ".join(row[part] for part in ("encoder", "by") if row.get(part))
        + (f" (from {row['from']})" if row.get("from") else "")
        for name, row in run.results.get("features", {}).items()
    }


def model(request, pk):
    found = _model_of(request, pk)
    corpus = found.run.release.corpus
    current = RegisteredModel.objects.current(corpus) == found
    page = context(corpus, "runs", model=found, current=current, text=_card(found))
    return render(request, "modeling/model.html", page)


def model_card(request, pk):
    found = _model_of(request, pk)
    return attached(HttpResponse(_card(found), content_type="text/markdown"), f"model-{pk}.md")
