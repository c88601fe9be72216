"""Experiments: several recipes and seeds from one form, compared, looked at, stopped, deleted."""

import html
import re

import pytest
from django.urls import reverse

from core.errors import UserError
from corpus.templatetags.show import decimals
from jobs.models import JobStatus
from modeling.configurations import (
    ConfigurationPair,
    configuration_pairs,
    configurations_of,
    mean_score,
)
from modeling.learner.seed_statistics import mean_interval
from modeling.learner_process import lines_of
from modeling.models import (
    Evaluation,
    Experiment,
    Recipes,
    RegisteredModel,
    TrainingRun,
    experiments,
)
from modeling.training_workers import training_worker_count
from modeling.views.comparison import pair_rows
from people.models import Event
from tests.factories import make_corpus, make_judged_round, make_member, make_release

pytestmark = pytest.mark.usefixtures("learner_here")
QUICK = {"epochs": 2, "width": 32}


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


def request(lead, release, seeds=(1, 2), recipes=("hard-text", "soft-text"), **more):
    return Experiment.request(lead, release, list(recipes), list(seeds), options=QUICK, **more)


@pytest.mark.django_db(transaction=True)
def test_from_the_form_to_an_answer_in_words(client_of, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    client = client_of(lead)
    form = {
        "release": release.pk, "recipes": ["hard-text", "soft-text"], "seeds": 2,
        "on_failure": "fail", "name": "Which is better?", "epochs": 2, "width": 32, "minutes": 5,
        "weighting": "pcgrad",
    }  # fmt: skip
    page = client.post(reverse("new_run", args=[corpus.pk]), form, follow=True).content.decode()
    experiment = Experiment.objects.get()
    assert experiment.options == {"epochs": 2, "width": 32, "minutes": 5.0, "weighting": "pcgrad"}
    runs = list(experiment.runs.order_by("pk"))
    assert [(r.recipe, r.seed) for r in runs] == [
        ("hard-text", 1), ("soft-text", 1), ("hard-text", 2), ("soft-text", 2),
    ]  # fmt: skip
    assert {r.status for r in runs} == {JobStatus.DONE}, runs[0].failure_text
    assert "Which is better?" in page and "<data-chart" in page
    for name in ("hard-text · 1", "hard-text · 2", "soft-text · 1", "soft-text · 2"):
        assert f'class="n">{name}</th>' in page  # a curve each, in the table of the chart
    assert "Pairwise comparison" in page and "2 seeds; an interval needs at least 3." in page
    assert "too few for a test of significance over dialogues" in page
    assert "4 finished runs have not been evaluated on the test set" in page
    page = client.post(
        reverse("evaluate_experiment", args=[experiment.pk]), follow=True
    ).content.decode()
    assert Evaluation.objects.filter(status=JobStatus.DONE).count() == 4
    assert "Macro-F1 on the held-out test set" in page and "have not been evaluated" not in page
    weighted = mean_interval(
        [run.results["tasks"]["sentiment"]["weighted_f1"] for run in (runs[0], runs[2])]
    )
    assert f"wF1 {weighted['mean']:.3f}" in page and "difference of weighted F1" in page
    lines = (
        client.get(reverse("experiment_csv", args=[experiment.pk])).content.decode().splitlines()
    )
    result = [run.results for run in experiment.runs.all()]
    result += [look.result for look in Evaluation.objects.all()]
    assert len(lines) == 1 + sum(bool(row) for each in result for row in each["tasks"].values())
    assert (
        lines[0]
        .removeprefix("\ufeff")
        .startswith("run,recipe,seed,split,held_out,task,n,macro_f1,majority_macro_f1,weighted_f1")
    )
    assert client.get(reverse("experiment_progress", args=[experiment.pk]))["HX-Refresh"] == "true"
    listed = client.get(reverse("runs", args=[corpus.pk])).content.decode()
    assert "Which is better?" in listed
    found = client.get(reverse("runs", args=[corpus.pk]), {"recipe": "soft-text"}).content.decode()
    assert reverse("run", args=[runs[1].pk]) in found
    assert reverse("run", args=[runs[0].pk]) not in found
    none = client.get(reverse("runs", args=[corpus.pk]), {"status": "failed"}).content.decode()
    assert "Nothing matches these filters." in none
    client.post(reverse("delete_experiment", args=[experiment.pk]))  # refused: it was looked at
    assert Experiment.objects.count() == 1 and TrainingRun.objects.count() == 4
    for who in (client_of(make_member(corpus)), client_of(make_corpus().memberships.get().person)):
        for name in ("experiment", "experiment_csv", "experiment_progress"):
            assert who.get(reverse(name, args=[experiment.pk])).status_code == 404
        for name in ("stop_experiment", "evaluate_experiment", "delete_experiment"):
            assert who.post(reverse(name, args=[experiment.pk])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_errors_lead_to_their_utterances(client_of, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    run = TrainingRun.request(lead, release, "hard-text").run()
    client = client_of(lead)
    address = reverse("run_errors", args=[run.pk])
    page = client.get(address, {"task": "sentiment", "all": "1"}).content.decode()
    row = run.results["tasks"]["sentiment"]
    assert page.count('<article class="item">') == row["n"]
    assert "annotators:" in page and "/dialogues/" in page
    values = ["negative", "neutral", "positive"]
    places = [(g, s) for g in range(3) for s in range(3) if row["confusion"][g][s]]
    gold, said = (values[place] for place in places[0])
    cell = client.get(
        address, {"task": "sentiment", "gold": gold, "predicted": said}
    ).content.decode()
    count = row["confusion"][places[0][0]][places[0][1]]
    assert cell.count('<article class="item">') == count
    shown = client.get(reverse("run", args=[run.pk]) + "?tab=results").content.decode()
    assert (
        f"{address}?where=validation&amp;task=sentiment&amp;gold={gold}&amp;predicted={said}"
        in shown
    )
    member = client_of(make_member(corpus))
    assert member.get(address).status_code == 404


def test_learned_gates_stand_beside_stated_correlations(release, lead, client_of, corpus):
    soft, hard = (TrainingRun.request(lead, release, r).run() for r in ("soft-text", "hard-text"))
    client = client_of(lead)
    page = client.get(reverse("run_relations", args=[soft.pk])).content.decode()
    rows = list(lines_of(soft.directory / "validation_predictions.jsonl"))
    labels = {row["id"]: row["gold"] for row in lines_of(release.directory / "utterances.jsonl")}
    emotional = any("emotion" in labels[row["id"]] for row in rows)  # else all are contested
    assert page.count("<data-chart") == (6 if emotional else 3)
    assert page.count("No utterance has gold labels of both tasks") == (0 if emotional else 1)
    assert "learned minus annotated" in page
    gates = [row["gates"]["sarcasm_humor"] for row in rows]
    assert decimals(sum(gates) / len(gates), 2) in page  # nobody is sarcastic or funny: one cell
    [behind] = set(re.findall(r'href="([^"]*task=humor&amp;gold=no&amp;given=sarcasm[^"]*)"', page))
    assert client.get(html.unescape(behind)).context["page"].paginator.count == len(rows)
    assert (
        reverse("run_relations", args=[soft.pk])
        in client.get(reverse("run", args=[soft.pk])).content.decode()
    )
    none = client.get(reverse("run_relations", args=[hard.pk])).content.decode()
    assert "no relation gates" in none
    member = client_of(make_member(corpus))
    assert member.get(reverse("run_relations", args=[soft.pk])).status_code == 404


def test_what_chains_and_reading_gates_learned_stands_beside_the_labels(
    release, lead, client_of, corpus
):
    run = TrainingRun.request(lead, release, "reading-text", seed=3).run()
    address = reverse("run_relations", args=[run.pk])
    client = client_of(lead)
    assert address in client.get(reverse("run", args=[run.pk])).content.decode()
    page = client.get(address)
    tables = {task.key: rows for task, _source, _target, rows in page.context["tables"]}
    assert set(tables) == {"emotion_sentiment", "sarcasm_humor"}
    learned = run.results["learned"]
    [[neither, cells], _yes] = tables["sarcasm_humor"]  # nobody is sarcastic or funny
    assert neither.key == "no" and [cell["n"] > 0 for cell in cells].count(True) == 1
    for place, cell in enumerate(cells):
        shares = learned["tables"]["sarcasm_humor"][0][place]
        assert cell["share"] == max(shares) and cell["value"].key == "no"
        assert cell["labelled"] == cell["n"] == learned["counts"]["sarcasm_humor"][0][place][0]
    [labelled] = {cell["n"] for cell in cells} - {0}
    text = page.content.decode()
    assert f"labels: 100 % of {labelled}" in text and "What each task reads" in text
    reading = page.context["reading"]
    assert reading.columns == ["text", "dialogue context"]
    assert [point.value for point in reading.series[0].points] == [1.0] * 6  # one modality
    member = client_of(make_member(corpus))
    assert member.get(address).status_code == 404


def test_a_registered_model_has_a_card_and_keeps_its_run(release, lead, client_of, corpus):
    runs = [TrainingRun.request(lead, release, "hard-text", seed=n) for n in (1, 2)]
    client = client_of(lead)
    address = reverse("register_model", args=[runs[0].pk])
    result = {"name": "情绪一号", "use": "Research.", "limits": "Invented dialogues."}
    assert "Only a run that has ended" in client.post(address, result).content.decode()
    for run in runs:
        run.run()
    page = client.post(address, result, follow=True).content.decode()
    assert "情绪一号" in page and "Not evaluated on" in page and "current model" in page
    assert release.digest in page and "Intended use" in page and "<table" in page
    assert "registered already" in client.post(address, result).content.decode()
    with pytest.raises(UserError, match="registered"):
        runs[0].delete_by(lead)
    second = RegisteredModel.register(lead, runs[1], "two", "a", "b")
    Evaluation.request(lead, runs[1]).run()
    assert RegisteredModel.objects.current(corpus) == second
    first = RegisteredModel.objects.get(run=runs[0])
    assert "current model" not in client.get(reverse("model", args=[first.pk])).content.decode()
    card = client.get(reverse("model_card", args=[second.pk])).content.decode()
    assert "evaluated 1 time(s)" in card and "emotion_sentiment (amber)" in card
    assert (
        reverse("model", args=[second.pk])
        in client.get(reverse("runs", args=[corpus.pk])).content.decode()
    )
    member = client_of(make_member(corpus))
    for name, pk in (("model", first.pk), ("model_card", first.pk), ("register_model", runs[1].pk)):
        assert member.get(reverse(name, args=[pk])).status_code == 404


def test_a_run_that_was_looked_at_cannot_be_deleted_and_others_can(
    release, lead, client_of, django_capture_on_commit_callbacks
):
    experiment = request(lead, release, seeds=[1])
    kept, gone = experiment.runs.order_by("pk")
    Evaluation.request(lead, kept.run()).run()
    gone.run()
    place = gone.directory
    assert place.exists()
    with pytest.raises(UserError, match="evaluated on the test set"):
        kept.delete_by(lead)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client_of(lead).post(reverse("delete_run", args=[gone.pk]))
    assert answer.status_code == 302 and not place.exists()
    assert list(experiment.runs.all()) == [kept]
    assert Event.objects.filter(verb="delete", person=lead).count() == 1
    client_of(lead).post(reverse("delete_run", args=[kept.pk]))
    assert TrainingRun.objects.filter(pk=kept.pk).exists()


def test_a_comparison_is_computed_once_by_the_worker_that_ends_a_experiment(
    release, lead, monkeypatch
):
    experiment = request(lead, release)
    assert (
        configuration_pairs(release, configurations_of(experiment.runs.all()), "validation") == []
    )
    for run in experiment.runs.all():
        run.run()
    monkeypatch.setattr(ConfigurationPair, "_compare", lambda *more: 1 / 0)
    (pair,) = configuration_pairs(release, configurations_of(experiment.runs.all()), "validation")
    assert pair.seeds == [1, 2]
    result = pair.by_task()
    assert set(result["tasks"]) == {key for key, row in run.results["tasks"].items() if row}
    assert configuration_pairs(release, configurations_of(experiment.runs.all()), "held_out") == []


def test_runs_are_grouped_by_what_differs_and_compared_across_experiments(
    release, lead, client_of, corpus
):
    narrow = request(lead, release, recipes=["hard-text"])
    wide = Experiment.request(
        lead, release, ["hard-text"], [1, 2], options={"epochs": 2, "width": 64}
    )
    for run in [*narrow.runs.all(), *wide.runs.all()]:
        run.run()
    groups = configurations_of([*narrow.runs.all(), *wide.runs.all()])
    assert [group.options for group in groups] == [{"width": 32}, {"width": 64}]
    (pair,) = configuration_pairs(release, groups, "validation")
    scores = [[mean_score(run.results) for run in group.runs] for group in groups]
    gains = [one - other for one, other in zip(*scores, strict=True)]
    assert pair.overall() == mean_interval(gains)
    client, address = client_of(lead), reverse("compare_runs", args=[corpus.pk])
    page = client.get(address, {"experiment": [narrow.pk, wide.pk]}).content.decode()
    assert (
        "<code>width</code> 64" in page and "text only B" in page and "Pairwise comparison" in page
    )
    assert 'class="n">hard-text A · 1</th>' in page and 'class="n">hard-text B · 2</th>' in page
    assert "2 seeds; an interval needs at least 3." in page
    one = client.get(address, {"run": [r.pk for r in narrow.runs.all()]}).content.decode()
    assert "at least two" in one
    later = make_release(corpus, list(release.rounds.all()), "2.0.0")
    other = TrainingRun.request(lead, later, "hard-text")
    mixed = client.get(address, {"run": [other.pk], "experiment": [narrow.pk]}).content.decode()
    assert "runs of one release" in mixed
    many = [TrainingRun.request(lead, release, r) for r in Recipes.values]
    result = {"run": [run.pk for run in many], "experiment": [narrow.pk]}
    assert "9 recipes or settings at most" in client.get(address, result).content.decode()
    assert client_of(make_member(corpus)).get(address).status_code == 404
    listed = client.get(reverse("runs", args=[corpus.pk])).content.decode()
    assert address in listed and "Compare selected" in listed


def test_what_seeds_say_in_the_mean(release, lead, client_of):
    """Words follow the interval over the seeds, and the better one stands first."""
    experiment = request(lead, release, seeds=(1, 2, 3))
    for run in experiment.runs.all():
        score = 0.5 + 0.01 * run.seed + (0.2 if run.recipe == "soft-text" else 0.0)
        tasks = {"sentiment": {"macro_f1": score}}
        run.results = {"split": "valid", "dialogues": 12, "tasks": tasks}
        TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.DONE, results=run.results)
        run.directory.mkdir(parents=True)
        (run.directory / "validation_predictions.jsonl").touch()
    groups = configurations_of(experiment.runs.all())
    (pair,) = pair_rows(release, groups, (), "validation")
    gain = pair["overall"]["gain"]
    assert pair["overall"]["higher"] == groups[1].label and gain["mean"] == pytest.approx(0.2)
    assert pair["overall"]["clear"] and gain["low"] == pytest.approx(gain["high"])
    address = reverse("experiment", args=[experiment.pk])
    page = client_of(lead).get(address).content.decode()
    assert "[+20.0, +20.0]" in page and "More than the variance over 3 seeds." in page
    assert "+20.0" in page and "[0.495, 0.545]" in page  # 0.51, 0.52, 0.53
    run = experiment.runs.get(recipe="soft-text", seed=1)
    run.results["tasks"]["sentiment"]["macro_f1"] = 0.1
    run.save()
    (pair,) = pair_rows(release, configurations_of(experiment.runs.all()), (), "validation")
    assert not pair["overall"]["clear"]
    page = client_of(lead).get(address).content.decode()
    assert "Within the variance over 3 seeds." in page and "[−" in page
    for run in experiment.runs.all():
        TrainingRun.objects.filter(pk=run.pk).update(results=run.results | {"dialogues": 9})
    page = client_of(lead).get(address).content.decode()
    assert "Too few dialogues were evaluated; an interval needs at least 10." in page
    assert "0.510 · 0.520 · 0.530" in page and "[" not in page.split("<table")[2]


def test_stopping_a_experiment_stops_what_waits(release, lead):
    experiment = request(lead, release)
    experiment.stop_by(lead)
    assert {run.status for run in experiment.runs.all()} == {JobStatus.STOPPED}
    assert not experiment.active
    TrainingRun.objects.update(status=JobStatus.DONE)
    assert not experiment.active
    Evaluation.request(lead, experiment.runs.first())
    assert experiment.active and experiment.evaluating == 1 and not experiment.working
    TrainingRun.objects.update(status=JobStatus.STOPPED)
    first = experiment.runs.first()
    assert first.requeue() and TrainingRun.objects.get(pk=first.pk).runs_ahead == 0
    last = experiment.runs.last()
    assert last.requeue() and TrainingRun.objects.get(pk=last.pk).runs_ahead == 1


def test_a_full_queue_is_said(release, lead, client_of, corpus, monkeypatch):
    monkeypatch.setattr(experiments, "MOST_WAITING", 3)
    with pytest.raises(UserError, match="the limit is 3"):
        request(lead, release)
    assert not Experiment.objects.exists() and not TrainingRun.objects.exists()
    recipes = [each for each in Recipes.values if each != Recipes.LANGUAGE_MODEL]
    form = {"release": release.pk, "recipes": recipes, "seeds": 1, "on_failure": "fail"}
    page = client_of(lead).post(reverse("new_run", args=[corpus.pk]), form).content.decode()
    assert "the limit is 3" in page


def test_nobody_to_train_is_said_before(release, lead, client_of, corpus, monkeypatch, settings):
    address = reverse("new_run", args=[corpus.pk])
    for workers, words in ((0, "No worker is available for training"), (None, "Is Redis running?")):
        monkeypatch.setattr(
            "modeling.views.new_run.training_worker_count", lambda queue="train", n=workers: n
        )
        page = client_of(lead).get(address).content.decode()
        assert words in page and "disabled" in page
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    monkeypatch.setattr("jobs.workers._count_by_queue", lambda: None)
    assert training_worker_count() is None and training_worker_count("gpu") is None
    monkeypatch.setattr("jobs.workers._count_by_queue", lambda: 1 / 0)
    assert training_worker_count() is None  # for some seconds nobody is asked again


def test_a_form_like_a_run_and_settings_that_cannot_be(release, lead, client_of, corpus):
    experiment = request(lead, release, seeds=[1], recipes=["soft-text"])
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    page = client.get(address, {"like": experiment.runs.get().pk}).content.decode()
    assert 'value="soft-text" id="id_recipes_3" checked' in page or "checked" in page
    assert 'name="epochs" value="2"' in page
    form = {"release": release.pk, "recipes": ["hard-text"], "seeds": 99, "on_failure": "fail"}
    page = client.post(address, form | {"dropout": "7"}).content.decode()
    assert page.count('class="errorlist"') >= 2 and Experiment.objects.count() == 1


def test_of_many_configurations_the_best_stands_against_each_other(release, lead):
    experiment = request(lead, release, recipes=Recipes.values[:4])
    for run in experiment.runs.all():
        score = {"hard-text": 0.9}.get(run.recipe, 0.5)
        run.results = {"split": "valid", "tasks": {"sentiment": {"macro_f1": score}}}
        TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.DONE, results=run.results)
        run.directory.mkdir(parents=True)
        (run.directory / "validation_predictions.jsonl").touch()
    pairs = configuration_pairs(release, configurations_of(experiment.runs.all()), "validation")
    assert [pair.one.recipe for pair in pairs] == ["hard-text"] * 3
    assert len({pair.other.recipe for pair in pairs}) == 3


def test_runs_without_figures_or_files_break_no_page(release, lead, client_of):
    experiment = request(lead, release)
    client, address = client_of(lead), reverse("experiment", args=[experiment.pk])
    for run in experiment.runs.all():
        results = {"split": "valid", "sealed": "test", "tasks": {"sentiment": None}}
        TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.DONE, results=results)
        run.directory.mkdir(parents=True)
        (run.directory / "validation_predictions.jsonl").touch()
    assert client.get(address).status_code == 200
    figures = {"macro_f1": 0.5, "majority_macro_f1": 0.2}
    results = {"split": "valid", "sealed": "test", "tasks": {"sentiment": figures}}
    TrainingRun.objects.update(results=results)
    page = client.get(address).content.decode()  # no meta.json: the files are another's
    assert "Pairwise comparison" in page
    failed = TrainingRun.request(lead, release, "hard-text", seed=1, experiment=experiment)
    TrainingRun.objects.filter(pk=failed.pk).update(status=JobStatus.FAILED)
    (hard, _) = configurations_of(experiment.runs.all())
    assert [run.status for run in hard.runs] == [JobStatus.DONE] * 2
