"""Registered models: their list, naming a finished run, and its model card."""

from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from core.data_table import Column, DataTable
from core.errors import UserError
from core.filter_form import FilterForm
from core.parameters import posted
from core.translation import translate_error
from corpus.page_context import context, export_of
from corpus.permissions import LEAD, corpus_of
from modeling.charts import score_chart
from modeling.configurations import mean_score, run_results
from modeling.forms import RegisteredModelForm
from modeling.model_facts import card_of, facts_of
from modeling.models import RegisteredModel
from modeling.permissions import model_of, visible_run_of
from modeling.run_summary import summary_of
from modeling.views.evaluations import as_attachment
from modeling.views.runs import tasks_of

MODELS = DataTable(
    "models",
    [
        Column("model", _("model"), sort="name", fixed=True, value=str),
        Column("release", _("release"), sort="run__release_id",
               value=lambda row: row.run.release.version),
        Column("recipe", _("recipe"), sort="run__recipe",
               value=lambda row: row.run.recipe_label),
        Column("run", _("run"), sort="run_id", numeric=True, hidden=True,
               value=lambda row: row.run_id),
        Column("validation", _("macro-F1, validation"), numeric=True),
        Column("test", _("macro-F1, test"), numeric=True),
        Column("registered_by", _("registered by"), sort="registered_by__username"),
        Column("registered", _("registered"), sort="registered_at", falling=True,
               value=lambda row: row.registered_at),
    ],
    sort="-registered",
)  # fmt: skip

FACT_NAMES = {  # what the card calls it -> on the page; options are named as in the recipe
    "corpus": _("corpus"),
    "release digest": _("release digest"),
    "scheme": _("scheme version"),
    "recipe": _("recipe"),
    "seed": _("seed"),
    "best epoch": _("best epoch"),
    "parameters": _("parameters"),
    "registered": _("registered"),
}


class ModelFilter(FilterForm):
    """Which registered models of a corpus."""

    q = forms.CharField(label=_("name"), required=False, max_length=200, strip=True)

    def by_q(self, rows, value):
        return rows.filter(Q(name__icontains=value) | Q(use__icontains=value))


def models(request, pk):
    """The registered models of a corpus; scores of releases that are withheld are left out."""
    corpus = corpus_of(request, pk, LEAD)
    withheld = corpus.releases.all().withheld_from(request.user)
    hidden = set(withheld.values_list("pk", flat=True))

    def prepare(rows):
        for row in rows:
            row.withheld = row.run.release_id in hidden
            row.validation, row.test = (
                None if row.withheld else mean_score(run_results(row.run, role))
                for role in ("validation", "held_out")
            )
        return rows

    form = ModelFilter(request.GET)
    rows = RegisteredModel.objects.of(request.user).filter(run__release__corpus=corpus)
    rows = form.filtered(rows).prefetch_related("run__evaluations")
    table = MODELS.page(request, rows, form, prepare=prepare, export=export_of(request, corpus))
    current = RegisteredModel.objects.current(corpus)
    return table.render("modeling/models.html", context(corpus, "runs", current=current))


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
    page = context(run.release.corpus, "runs", run=run, form=form, summary=summary_of(run))
    return render(request, "modeling/register.html", page)


def model(request, pk):
    model = model_of(request, pk)
    corpus = model.run.release.corpus
    current = RegisteredModel.objects.current(corpus) == model
    run = model.run
    role = "held_out" if run.evaluation else "validation"
    results = run_results(run, role)
    nothing: list[Any] = []
    by_task = [(task, results["tasks"].get(task.key), nothing) for task in tasks_of(run.release)]
    page = context(
        corpus,
        "runs",
        model=model,
        run=run,
        current=current,
        facts=[(FACT_NAMES.get(name, name), value) for name, value in facts_of(model).items()],
        evaluation=run.evaluation,
        score=mean_score(results),
        weighted=mean_score(results, "weighted_f1"),
        baseline=mean_score(results, "majority_macro_f1"),
        split=results["split"],
        rows=by_task,
        score_chart=score_chart(run, role, by_task, {}, role == "held_out"),
        doubtful=[
            (key, row["verdict"])
            for key, row in run.results.get("relations", {}).items()
            if row["verdict"] != "green"
        ],
    )
    return render(request, "modeling/model.html", page)


def model_card(request, pk):
    model = model_of(request, pk)
    response = HttpResponse(card_of(model), content_type="text/markdown")
    return as_attachment(request, model, response, f"model-{pk}.md")
