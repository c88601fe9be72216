"""Going on with a search: its runs are the trials, and each that ends is followed by another."""

from statistics import mean

from django.db import transaction

from core.errors import UserError, gettext_noop
from jobs.models import JobStatus
from modeling import hyperparameter_search
from modeling.comparison import mean_score
from modeling.learner.recipes import RECIPES, Recipe
from modeling.models.runs import TrainingRun
from modeling.models.studies import Study

SEED = 1  # of every trial: settings are compared, not luck
LEAST = 3  # epochs before a run can be hopeless, and a quarter of all
MANY_FAILURES = 3  # in a row: then something else is wrong


def own(recipe, options):
    """The settings that a recipe has without a search, by field."""
    known = RECIPES.get(recipe, Recipe())  # of another version: its row is still shown
    return {name: options.get(name, getattr(known, name)) for name in hyperparameter_search.SPACE}


def scores_of(events):
    """The mean macro-F1 on what selects, epoch by epoch."""
    told = (event.get("selection_macro_f1") for event in events if event["event"] == "epoch")
    return tuple(mean(row.values()) for row in told if row)


def trial_of(run):
    """A run of a search as a trial."""
    settings = {**own(run.recipe, {}), **run.options}
    if run.active:
        state = "going"
    elif run.status == JobStatus.DONE and run.results.get("tasks"):
        state = "done"
    else:  # stopped early by the search, or by somebody
        state = "pruned" if run.status == JobStatus.STOPPED else "failed"
    value = mean_score(run.results) if state == "done" else None
    return hyperparameter_search.Trial(settings, state, value, scores_of(run.events()))


def go_on(study):
    """Queue what the search tries next, until all its trials are there. It ends by itself after
    them, when run after run fails, or when its release may no longer be trained on. Does nothing
    for a study that does not search.
    """
    try:
        queue_next(study)
    except UserError:  # each page of the release says why
        Study.objects.filter(pk=study.pk).update(searches=False)


def queue_next(study):
    """`go_on` for a person, who is told: raises UserError if the release may not be trained on."""
    with transaction.atomic():
        study = Study.objects.select_for_update().filter(pk=study.pk, searches=True).first()
        if study is None:
            return
        asked, runs = study.search, list(study.runs.order_by("pk"))
        going = sum(run.active for run in runs)
        last = [run for run in runs[asked.get("since", 0) :] if not run.active][-MANY_FAILURES:]
        broken = len(last) == MANY_FAILURES and all(r.status == JobStatus.FAILED for r in last)
        missing = 0 if broken else min(asked["at_once"] - going, asked["trials"] - len(runs))
        trials = [trial_of(run) for run in runs]
        for _ in range(missing):
            settings = _next(study, trials)
            run = TrainingRun.request(
                study.started_by, study.release, asked["recipe"], SEED, asked["on_failure"],
                study, device=asked["device"], own=settings,
            )  # fmt: skip
            run.later()
            trials.append(hyperparameter_search.Trial(settings, "going"))
        if not going and missing <= 0:
            Study.objects.filter(pk=study.pk).update(searches=False)


def _next(study, trials):
    """The recipe's own settings first, then what the estimator proposes."""
    fields = study.search["fields"]
    unknown = sorted(set(fields) - set(hyperparameter_search.SPACE))
    if unknown:
        raise UserError(
            gettext_noop("This version cannot search these settings: %(names)s."),
            names=", ".join(unknown),
        )
    if not trials:
        found = own(study.search["recipe"], study.options)
        return {name: found[name] for name in fields}
    return hyperparameter_search.propose(fields, trials, study.pk)


def is_hopeless(run, events):
    """Whether a run of a search need not be trained to its end."""
    study = run.study
    if not study.search.get("prunes") or not events or events[-1]["event"] != "epoch":
        return False
    others = [trial_of(other) for other in study.runs.exclude(pk=run.pk)]
    curve, fields = scores_of(events), study.search["fields"]
    warm_up = max(LEAST, events[-1]["epochs"] // 4)
    return hyperparameter_search.hopeless(fields, others, run.options, curve, warm_up)


def best_of(study):
    """The run with the highest score so far, or None."""
    scored = [(mean_score(run.results), run) for run in study.runs.filter(status=JobStatus.DONE)]
    scored = [(score, run) for score, run in scored if score is not None]
    return max(scored, key=lambda pair: (pair[0], -pair[1].pk))[1] if scored else None


def continue_searches():
    """Go on with searches whose last run ended with its worker."""
    for study in Study.objects.filter(searches=True):
        go_on(study)
