"""Pages of runs from rows alone: what they say, and what they need not import."""

import datetime
import sys

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import UserError
from jobs.models import JobStatus
from modeling.models import Experiment, TrainingRun
from modeling.run_configuration import configuration_of
from modeling.run_costs import plan_data
from modeling.run_summary import summary_of
from modeling.search_space import FIELDS
from modeling.search_trials import start_search
from tests.factories import make_corpus, make_judged_round, make_release

pytestmark = pytest.mark.django_db
HEAVY = {"torch", "transformers", "optuna", "scipy", "sklearn", "statsmodels", "tensorboardX"}


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")


@pytest.fixture
def runs(release, lead):
    """Finished runs of two recipes with three seeds, without any file."""
    experiment = Experiment.objects.create(release=release, started_by=lead, name="Which?")
    return [
        made(release, experiment, recipe, seed, 0.6 if recipe == "hard-text" else 0.4)
        for recipe in ("hard-text", "soft-text")
        for seed in (1, 2, 3)
    ]


def made(release, experiment, recipe, seed, score, **options):
    row = {
        "n": 212, "macro_f1": score + seed / 100, "weighted_f1": score, "accuracy": score,
        "majority_macro_f1": 0.31, "majority_weighted_f1": 0.3, "majority_accuracy": 0.5,
        "balanced_accuracy": score, "ece": 0.1,
        "classes": [{"precision": 1.0, "recall": 1.0, "f1": 1.0, "n": 9}] * 2,
        "confusion": [[9, 0], [1, 8]],
    }  # fmt: skip
    results = {"split": "valid", "dialogues": 12, "best_epoch": 3, "tasks": {"sarcasm": row}}
    start = timezone.now()
    return TrainingRun.objects.create(
        release=release, experiment=experiment, recipe=recipe, seed=seed, status=JobStatus.DONE,
        results=results, options=options, started_at=start,
        finished_at=start + datetime.timedelta(seconds=10 * seed),
    )  # fmt: skip


def test_pages_import_nothing_heavy(runs, lead, client_of, corpus, monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] in HEAVY:
            monkeypatch.setitem(sys.modules, name, None)  # an import of it now fails
    run, client = runs[0], client_of(lead)
    pages = [reverse("runs", args=[corpus.pk]), reverse("runs", args=[corpus.pk]) + "?view=runs",
             reverse("new_run", args=[corpus.pk]),
             reverse("experiment", args=[run.experiment_id]),
             reverse("compare_runs", args=[corpus.pk]) + f"?run={run.pk}&run={runs[3].pk}",
    ]  # fmt: skip
    tabs = ("overview", "curves", "results", "configuration", "log", "files", "other")
    pages += [f"{reverse('run', args=[run.pk])}?tab={tab}" for tab in tabs]
    assert {page: client.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)


def test_starting_a_search_imports_nothing_heavy(release, lead, monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] in HEAVY:
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "modeling.hyperparameter_search", raising=False)
    search = {"fields": list(FIELDS), "trials": 9, "at_once": 8}
    experiment = start_search(lead, release, "hard-text", search)
    tried = [tuple(sorted(run.options.items())) for run in experiment.runs.all()]
    assert len(tried) == len(set(tried)) > 2


def test_a_run_is_summed_up_in_a_sentence(runs, lead, client_of):
    summary = summary_of(runs[0])
    assert summary["utterances"] == 212 and summary["seeds"]["n"] == 3
    page = " ".join(client_of(lead).get(reverse("run", args=[runs[0].pk])).content.decode().split())
    assert "Macro-F1 <b>0.610</b> in the mean of 1 tasks on 212 validation utterances," in page
    assert "above the majority baseline (0.310). Over 3 seeds 0.620 [0.595, 0.645]." in page
    row = runs[0].results["tasks"]["sarcasm"] | {"macro_f1": 0.3104}
    TrainingRun.objects.filter(pk=runs[0].pk).update(
        results=runs[0].results | {"tasks": {"sarcasm": row}}
    )
    page = client_of(lead).get(reverse("run", args=[runs[0].pk])).content.decode()
    assert "no better than the majority baseline (0.310)" in page  # they print alike


def test_changed_settings_stand_beside_their_defaults(release, lead):
    run = made(release, None, "hard-text", 1, 0.5, dropout=0.5, minutes=5)
    groups = configuration_of(run, {})
    changed = {s.key: (s.value, s.default) for group in groups for s in group.settings if s.changed}
    assert changed == {"dropout": ("0.5", "0.2"), "minutes": ("5", "no limit")}
    keys = {setting.key for group in groups for setting in group.settings}
    assert "relation_weight" not in keys and "width" in keys  # what decides nothing is left out


def test_what_earlier_runs_took_is_what_new_ones_are_expected_to(runs, corpus):
    plan = plan_data(corpus, ["dropout", "epochs", "relation_weight"], 2)
    hard = plan["recipes"]["hard-text"]
    assert hard["seconds"] == 20 and hard["runs"] == 3 and plan["workers"] == 2
    assert hard["defaults"] == {"dropout": "0.2", "epochs": "12"}
    assert plan["recipes"]["tfn"]["seconds"] is None
    assert plan_data(make_corpus(), [], None)["recipes"]["hard-text"]["seconds"] is None


def test_runs_are_listed_by_experiment_with_the_best_of_each(
    runs, release, lead, client_of, corpus
):
    made(release, None, "tfn", 1, 0.2)
    page = " ".join(client_of(lead).get(reverse("runs", args=[corpus.pk])).content.decode().split())
    assert "6 of 6 runs" in page and "Single runs" in page
    assert "<b>0.620</b>" in page and "best, validation [0.595, 0.645]" in page
    address = reverse("runs", args=[corpus.pk]) + "?recipe=tfn"
    page = client_of(lead).get(address).content.decode()
    assert "Single runs" not in page and page.count("<tr>") == 2 and ">TFN (Zadeh" in page


def test_all_runs_are_sorted_filtered_and_saved(runs, release, lead, client_of, corpus):
    alone = made(release, None, "tfn", 9, 0.2)
    client, address = client_of(lead), reverse("runs", args=[corpus.pk])

    def listed(**asked):
        return [run.pk for run in client.get(address, {"view": "runs"} | asked).context["table"]]

    everything = sorted([alone.pk, *(run.pk for run in runs)])
    assert listed() == everything[::-1] and listed(sort="seed")[-1] == alone.pk
    assert listed(q=str(alone.pk)) == [alone.pk] and listed(recipe="tfn") == [alone.pk]
    assert listed(q=runs[0].experiment.name) == everything[::-1][1:]
    assert listed(release=release.pk) == everything[::-1] and listed(status="failed") == []
    assert listed(recipe="nonsense") == listed(release=0) == listed(release="²") == []
    assert listed(release="9" * 30) == listed(q="9" * 30) == []
    saved = client.get(address, {"view": "runs", "format": "csv"})
    rows = b"".join(saved).decode()
    assert f"\r\n{alone.pk},TFN (Zadeh et al. 2017)," in rows
    assert rows.count("\r\n") == len(everything) + 1 and ",0.62," in rows
    page = client.get(address, {"view": "runs"}).content.decode()
    assert f'action="{reverse("compare_runs", args=[corpus.pk])}"' in page


def test_what_is_not_read_to_the_end_is_said(runs, lead, client_of):
    run, address = runs[0], reverse("run", args=[runs[0].pk])
    run.results |= {
        "missing": {"of": 340, "modalities": {"text": 0}, "failures": []},
        "truncated": {"text": {"read": 39, "cut": 12, "longest": 61}},
    }
    run.save()
    page = client_of(lead).get(address).content.decode()
    assert "text: 12 of 340 utterances are longer than the 39 that are read, the longest" in page
    settings = {s.key: s.value for group in configuration_of(run, {}) for s in group.settings}
    assert settings["text_steps"] == "96"
    run.recipe, run.options = "tfn", {"audio_steps": 50}
    settings = {s.key: s.value for group in configuration_of(run, {}) for s in group.settings}
    assert [settings[f"{m}_steps"] for m in ("text", "audio", "vision")] == ["39", "50", "55"]


def test_a_published_network_reads_words_alone_where_there_are_no_films(release, lead):
    with pytest.raises(UserError, match="holds no films"):
        TrainingRun.request(lead, release, "tfn")
    assert TrainingRun.request(lead, release, "tfn", own={"modalities": ["text"]}).pk
