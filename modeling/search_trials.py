"""A search over hyperparameters: its runs are the trials; each that ends is followed by another."""

from statistics import mean

from django.db import transaction

from core.errors import UserError, gettext_noop
from jobs.models import JobStatus
from modeling.configurations import mean_score
from modeling.learner.recipes import RECIPES, Recipe
from modeling.models.experiments import Experiment, guard_room
from modeling.models.runs import Device, OnFailure, TrainingRun, room_for_runs
from modeling.search_space import FIELDS, Trial, begins, by_chance
from people.models import Event

SEED = 1  # of every trial: settings are compared, not seeds
LEAST_EPOCHS = 3  # and at least a quarter of all, before a trial can be pruned
MANY_FAILURES = 3  # in a row, after which the search gives up


def recipe_settings(recipe, options):
    """The settings that a recipe has without a search, by field."""
    base = RECIPES.get(recipe, Recipe())  # of another version: its row is still shown
    return {name: options.get(name, getattr(base, name)) for name in FIELDS}


def validation_scores(events):
    """The mean macro-F1 on the validation set, epoch by epoch."""
    scores = (event.get("validation_macro_f1") for event in events if event["event"] == "epoch")
    return tuple(mean(by_task.values()) for by_task in scores if by_task)


def trial_of(run):
    """A run of a search as a trial."""
    settings = {**recipe_settings(run.recipe, {}), **run.options}
    if run.active:
        state = "running"
    elif run.status == JobStatus.DONE and run.results.get("tasks"):
        state = "done"
    else:  # stopped early by the search, or by somebody
        state = "pruned" if run.status == JobStatus.STOPPED else "failed"
    value = mean_score(run.results) if state == "done" else None
    return Trial(settings, state, value, validation_scores(run.events()))


@transaction.atomic
def start_search(
    person, release, recipe, search, on_failure=OnFailure.FAIL, options=None, name="",
    device=Device.AUTO,
):  # fmt: skip
    """Queue the first runs of a search: the recipe's own settings, and some by chance.

    Raises UserError unless the release can be trained on, or if the queue is full.
    """
    guard_room()
    experiment = Experiment.objects.create(
        release=release, name=name, options=options or {}, started_by=person, searches=True,
        search={**search, "recipe": recipe, "on_failure": on_failure, "device": device},
    )  # fmt: skip
    queue_next_trials(experiment)
    return experiment


@transaction.atomic
def resume_search(experiment, person):
    """Go on with a search that was stopped or has given up; failures before count no more. Does
    nothing for one that goes on as it is.

    Raises UserError if the experiment does not search, or its release is withdrawn.
    """
    experiment.refresh_from_db()
    if not experiment.search:
        words = gettext_noop("Only a search is resumed as a whole. Resume the runs one by one.")
        raise UserError(words)
    if not experiment.searches:
        experiment.search["since"] = experiment.runs.count()
        experiment.searches = True
        experiment.save(update_fields=["search", "searches"])
        Event.record(person, "train", experiment, again=True)
        queue_next_trials(experiment)


def continue_search(experiment):
    """Queue what the search tries next, until all its trials are there. It ends by itself after
    them, when run after run fails, or when its release may no longer be trained on. Does nothing
    for an experiment that does not search.
    """
    try:
        queue_next_trials(experiment)
    except UserError:  # each page of the release says why
        Experiment.objects.filter(pk=experiment.pk).update(searches=False)


def queue_next_trials(experiment):
    """`continue_search` for a person. Raises UserError if the release may not be trained on."""
    with transaction.atomic():
        searching = Experiment.objects.select_for_update().filter(searches=True)
        experiment = searching.filter(pk=experiment.pk).first()
        if experiment is None:
            return
        search, runs = experiment.search, list(experiment.runs.order_by("pk"))
        active = sum(run.active for run in runs)
        last = [run for run in runs[search.get("since", 0) :] if not run.active][-MANY_FAILURES:]
        broken = len(last) == MANY_FAILURES and all(r.status == JobStatus.FAILED for r in last)
        missing = 0 if broken else min(search["at_once"] - active, search["trials"] - len(runs))
        trials = [trial_of(run) for run in runs]
        room = room_for_runs(experiment.release.corpus) if missing > 0 else None
        for _ in range(missing if room is None else min(missing, room)):
            settings = _next(experiment, trials)
            run = TrainingRun.request(
                experiment.started_by,
                experiment.release,
                search["recipe"],
                SEED,
                search["on_failure"],
                experiment,
                device=search["device"],
                own=settings,
            )
            run.later()
            trials.append(Trial(settings, "running"))
        if not active and missing <= 0:
            Experiment.objects.filter(pk=experiment.pk).update(searches=False)


def _next(experiment, trials):
    """The recipe's own settings first, then what the estimator proposes."""
    fields = experiment.search["fields"]
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise UserError(
            gettext_noop("This version cannot search these settings: %(names)s."),
            names=", ".join(unknown),
        )
    if not trials:
        settings = recipe_settings(experiment.search["recipe"], experiment.options)
        return {name: settings[name] for name in fields}
    if begins(trials):  # a page starts a search without Optuna
        return by_chance(fields, trials, experiment.pk)
    from modeling import hyperparameter_search  # imports Optuna, which no page needs

    return hyperparameter_search.propose(fields, trials, experiment.pk)


def should_prune(run, events):
    """Whether a trial need not be trained to its end."""
    experiment = run.experiment
    if not experiment.search.get("prunes") or not events or events[-1]["event"] != "epoch":
        return False
    from modeling import hyperparameter_search  # imports Optuna, which no page needs

    others = [trial_of(other) for other in experiment.runs.exclude(pk=run.pk)]
    curve, fields = validation_scores(events), experiment.search["fields"]
    warm_up = max(LEAST_EPOCHS, events[-1]["epochs"] // 4)
    return hyperparameter_search.should_prune(fields, others, run.options, curve, warm_up)


def keep_importances(experiment):
    """Keep, once a search has ended, how much each of its settings mattered."""
    if not experiment.search or experiment.active:
        return
    from modeling import hyperparameter_search  # imports Optuna, which no page needs

    trials = [trial_of(run) for run in experiment.runs.order_by("pk")]
    shares = hyperparameter_search.importances(experiment.search["fields"], trials)
    with transaction.atomic():
        locked = Experiment.objects.select_for_update().get(pk=experiment.pk)
        locked.search["importances"] = shares
        locked.save(update_fields=["search"])


def best_of(experiment):
    """The run with the highest score so far, or None."""
    finished = experiment.runs.filter(status=JobStatus.DONE)
    scored = [(mean_score(run.results), run) for run in finished]
    scored = [(score, run) for score, run in scored if score is not None]
    return max(scored, key=lambda pair: (pair[0], -pair[1].pk))[1] if scored else None


def continue_searches():
    """Go on with searches whose last run ended with its worker."""
    for experiment in Experiment.objects.filter(searches=True):
        continue_search(experiment)
