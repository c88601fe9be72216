"""The form that starts a run, an experiment or a search."""

from django.shortcuts import redirect, render

from core.errors import UserError
from core.parameters import number, posted
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from modeling.experiment_request import ExperimentRequest
from modeling.forms import ExperimentForm, RecipeForm
from modeling.models import Recipes
from modeling.models.experiments import guard_room
from modeling.permissions import run_of
from modeling.run_costs import plan_data
from modeling.training_workers import training_worker_count
from modeling.tuning_estimates import memory_here, mix_estimates, tuning_estimates
from modeling.views.runs import tasks_of


def new_run(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    initial = _initial(request, corpus)
    asked = ExperimentRequest(corpus, posted(request), initial)
    form, recipe_form, search = asked.form, asked.recipe_form, asked.search_form
    workers = training_worker_count()
    if request.method == "POST" and asked.is_valid():
        try:
            experiment = asked.start(request.user)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            if experiment.runs.count() == 1 and not experiment.search:
                return redirect("run", experiment.runs.get().pk)
            return redirect("experiment", experiment.pk)
    page = context(
        corpus, "runs", full=_full(), form=form, fine=recipe_form, search=search, workers=workers,
        plan=plan_data(corpus, recipe_form.fields, workers),
        set=bool(recipe_form.errors or initial.get("set")), ready=corpus.releases.usable().exists(),
        searched=bool(search.errors or search["trials"].value()),
    )  # fmt: skip
    return render(request, "modeling/new_run.html", page)


def tuning_costs(request, pk):
    """What the fine-tuning that the form describes costs, a part of its page."""
    corpus = corpus_of(request, pk, LEAD)
    form = ExperimentForm(request.GET, corpus=corpus, gpus=training_worker_count("gpu"))
    recipe_form = RecipeForm(request.GET, corpus=corpus)
    estimates, mixes, error = [], [], ""
    if form.is_valid() and recipe_form.is_valid():
        data = form.cleaned_data
        try:
            estimates = tuning_estimates(
                data["release"], data["recipes"][0], recipe_form.options(),
                len(tasks_of(data["release"])),
            )  # fmt: skip
            mixes = mix_estimates(data["release"], data["recipes"][0], recipe_form.options())
        except UserError as refusal:
            error = translate_error(refusal)
    needed = sum(each.cost.memory for each in estimates if each.cost)
    page = {
        "estimates": estimates,
        "mixes": mixes,
        "error": error,
        "needed": needed,
        "memory": memory_here(),
    }
    return render(request, "modeling/_tuning_costs.html", page)


def _full():
    """Why the queue takes nothing more; empty if it does."""
    try:
        guard_room()
    except UserError as refusal:
        return translate_error(refusal)
    return ""


def _initial(request, corpus):
    """What the form shows at first: a release, or all of the run that it should be like."""
    initial = {"release": request.GET.get("release")}
    if request.GET.get("recipe") in Recipes.values:
        initial["recipes"] = [request.GET["recipe"]]
    if request.GET.get("likelihoods"):
        initial |= {"likelihoods": request.GET["likelihoods"], "set": True}
    like = number(request.GET.get("like"))
    if like:
        run = run_of(request, like)
        initial = {
            "release": run.release_id, "recipes": [run.recipe], "on_failure": run.on_failure,
            "device": run.device, "seeds": number(request.GET.get("seeds"), 1),
            **RecipeForm.initial_of(run.options), "set": bool(run.options),
        }  # fmt: skip
    return initial
