"""The list of runs, and starting some."""

from django.shortcuts import redirect, render

from core.errors import UserError
from core.pagination import page_of
from core.parameters import number, posted
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from modeling.comparison import mean_score
from modeling.forms import Fine, SearchForm, StudyForm
from modeling.models import Recipes, RegisteredModel, Study, TrainingRun
from modeling.models.studies import guard_room
from modeling.trainers import trainers
from modeling.views.runs import run_of

SCORES = ("macro_f1", "majority_macro_f1", "weighted_f1", "majority_weighted_f1")


def runs(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    found = TrainingRun.objects.of(request.user).filter(release__corpus=corpus)
    chosen = {name: request.GET.get(name, "") for name in ("recipe", "status", "release")}
    if chosen["recipe"] in Recipes.values:
        found = found.filter(recipe=chosen["recipe"])
    if chosen["status"] in JobStatus.values:
        found = found.filter(status=chosen["status"])
    if number(chosen["release"]):
        found = found.filter(release=number(chosen["release"]))
    page = page_of(request, found.select_related("study").prefetch_related("looks").order_by("-pk"))
    hidden = set(corpus.releases.all().withheld_from(request.user).values_list("pk", flat=True))
    for run in page:
        run.withheld = run.release_id in hidden
        if run.withheld:
            continue
        run.score = _mean_score(run.results)
        look = run.evaluation
        run.sealed = look and _mean_score(look.result)
    return render(
        request,
        "modeling/runs.html",
        context(
            corpus, "runs", page=page, chosen=chosen, filtered=any(chosen.values()),
            studies=Study.objects.filter(release__corpus=corpus).select_related("release")
            .prefetch_related("runs")[:10],
            recipes=Recipes.choices, states=[s for s in JobStatus.choices if s[0] != "draft"],
            releases=corpus.releases.usable(), ready=corpus.releases.usable().exists(),
            current=RegisteredModel.objects.current(corpus),
        ),
    )  # fmt: skip


def _mean_score(results):
    """Macro and weighted F1 in the mean of the tasks, the model's and those of the majority
    baseline; None where there is no macro-F1.
    """
    if mean_score(results) is None:
        return None
    return {key: mean_score(results, key) for key in SCORES}


def new_run(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    initial = _initial(request, corpus)
    form = StudyForm(posted(request), corpus=corpus, gpus=trainers("gpu"), initial=initial)
    fine = Fine(posted(request), initial=initial)
    search = SearchForm(posted(request))
    workers = trainers()
    if request.method == "POST" and all([form.is_valid(), fine.is_valid(), search.is_valid()]):
        fine.check(form)
        search.check(form, fine)
    if request.method == "POST" and not (form.errors or fine.errors or search.errors):
        try:
            study = _start(request.user, form.cleaned_data, fine.options(), search.search())
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            only = study.runs.first() if study.runs.count() == 1 and not study.search else None
            return redirect("run", only.pk) if only else redirect("study", study.pk)
    page = context(
        corpus, "runs", full=_full(), form=form, fine=fine, search=search, workers=workers,
        set=bool(fine.errors or initial.get("set")), ready=corpus.releases.usable().exists(),
        searched=bool(search.errors or search["trials"].value()),
    )  # fmt: skip
    return render(request, "modeling/new_run.html", page)


def _full():
    """Why the queue takes nothing more; empty if it does."""
    try:
        guard_room()
    except UserError as refusal:
        return translate_error(refusal)
    return ""


def _start(person, told, options, search):
    options = options | ({"minutes": told["minutes"]} if told["minutes"] else {})
    more = {"options": options, "name": told["name"], "device": told["device"]}
    if search:
        return Study.request_search(
            person, told["release"], told["recipes"][0], search, told["on_failure"], **more
        )
    seeds = range(1, told["seeds"] + 1)
    return Study.request(
        person, told["release"], told["recipes"], seeds, told["on_failure"], **more
    )


def _initial(request, corpus):
    """What the form shows at first: a release, or all of the run that it should be like."""
    initial = {"release": request.GET.get("release")}
    like = number(request.GET.get("like"))
    if like:
        run = run_of(request, like)
        initial = {
            "release": run.release_id, "recipes": [run.recipe], "on_failure": run.on_failure,
            "device": run.device, "seeds": number(request.GET.get("seeds"), 1),
            **run.options, "set": bool(run.options),
        }  # fmt: skip
    return initial
