"""What the forms of runs take, and how settings that cannot be are said on pages."""

import json
import os

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UserError
from jobs.models import JobStatus
from modeling.forms import RecipeForm, SearchForm
from modeling.learner.recipes import RANGES, RECIPES
from modeling.models import Experiment, Recipes, TrainingRun
from modeling.search_trials import continue_search, start_search
from tests.factories import make_judged_round, make_release

pytestmark = pytest.mark.one_database
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
FORM = {"recipes": ["hard-text"], "seeds": 1, "on_failure": "fail"}


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


def test_a_setting_that_cannot_be_is_said_at_its_field(release, lead, corpus, client_of):
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    for name, value, words in (
        ("epochs", "1.5", "Enter a whole number."),
        ("epochs", "0", "greater than or equal to 1."),
        ("epochs", "1e999", "Enter a whole number."),
        ("patience", "100001", "less than or equal to 100000."),
        ("learning_rate", "nan", "Enter a number."),
        ("learning_rate", "inf", "Enter a number."),
        ("learning_rate", "1e999", "Enter a number."),
        ("learning_rate", "0", "greater than or equal to 1e-08."),
        ("dropout", "-0.1", "greater than or equal to 0."),
        ("dropout", "1", "less than or equal to 0.99."),
        ("logit_adjustment", "11", "less than or equal to 10."),
        ("width", "63", "Select a valid choice."),
        ("weighting", "none", "Select a valid choice."),
        ("relations", "off", "None of the chosen recipes uses it"),
        ("relation_weight", "2", "None of the chosen recipes uses it"),
        ("seeds", "11", "less than or equal to 10."),
        ("minutes", "nan", "Enter a number."),
        ("trials", "1", "greater than or equal to 2."),
        ("trials", "1.5", "Enter a whole number."),
    ):
        answer = client.post(address, {**FORM, "release": release.pk, name: value})
        forms = [answer.context[each] for each in ("form", "fine", "search")]
        said = [str(error) for form in forms for error in form.errors.get(name, [])]
        assert len(said) == 1 and words in said[0], (name, value)
        assert said[0].split("“")[0][:20] in answer.content.decode()
    assert not TrainingRun.objects.exists()


def test_a_search_is_of_one_seed(release, lead, corpus, client_of):
    data = {**FORM, "release": release.pk, "seeds": 5, "trials": 3, "searched": ["dropout"]}
    answer = client_of(lead).post(reverse("new_run", args=[corpus.pk]), data)
    assert "seed 1" in str(answer.context["search"].errors["trials"])
    assert not Experiment.objects.exists()


VALUES = st.one_of(
    st.integers().map(str), st.floats().map(str), st.text(max_size=8),
    st.sampled_from(["", "1", "0.5", "nan", "-inf", "1e999", "32", "64", "equal", "off", "on"]),
)  # fmt: skip


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 60,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.dictionaries(
        st.sampled_from([*RecipeForm.base_fields, *SearchForm.base_fields]), VALUES, max_size=5
    ),
    st.sampled_from(Recipes.values),
)
def test_whatever_the_forms_take_the_learner_takes(data, recipe):
    posted = QueryDict(mutable=True)
    posted.update(data)
    fine, search = RecipeForm(posted), SearchForm(posted)
    chosen = type("Chosen", (), {"cleaned_data": {"recipes": [recipe], "seeds": 1}})
    if fine.is_valid() and search.is_valid():
        fine.check(chosen)
        search.check(chosen, fine)
    if fine.is_valid() and search.is_valid():
        options = fine.options()
        assert RECIPES[recipe].with_fields(options).unused.isdisjoint(options)
        assert all(RANGES[name][0] <= options[name] <= RANGES[name][1]
                   for name in options if name in RANGES)  # fmt: skip


def test_settings_that_cannot_be_are_no_run(release, lead):
    for own, part in (
        ({"width": 63}, "width 63 must be even"),
        ({"epochs": "40"}, "epochs must be a whole number"),
        ({"later": 1}, 'A recipe has no field "later"'),
        ({"dropout": 2}, "dropout must be from 0 to 0.99, not 2.0."),
    ):
        with pytest.raises(UserError) as result:
            TrainingRun.request(lead, release, "hard-text", own=own)
        assert part in str(result.value), own
    assert not TrainingRun.objects.exists()


def test_what_an_other_version_stored_fails_with_a_sentence_and_is_shown(release, lead, client_of):
    run = TrainingRun.request(lead, release, "hard-text")
    TrainingRun.objects.filter(pk=run.pk).update(options={"later": 1})
    run = TrainingRun.objects.get(pk=run.pk).run()
    assert run.status == JobStatus.FAILED
    assert run.failure_text.startswith('A recipe has no field "later"; there is name, ')
    experiment = Experiment.request(lead, release, ["hard-text", "soft-text"], [1])
    TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.QUEUED, options={})
    TrainingRun.objects.update(recipe="giant")
    run = TrainingRun.objects.get(pk=run.pk).run()
    assert run.failure_text == "This version has no recipe “giant”."
    client = client_of(lead)
    comparison = reverse("compare_runs", args=[release.corpus_id])
    pages = [reverse("run", args=[run.pk]), reverse("runs", args=[release.corpus_id]),
             reverse("experiment", args=[experiment.pk]),
             f"{comparison}?experiment={experiment.pk}"]  # fmt: skip
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200
        assert "giant" in answer.content.decode() or "comparison" in page


def test_a_place_that_cannot_be_written_is_a_sentence_on_the_page(
    release, lead, settings, tmp_path, client_of
):
    (tmp_path / "file").write_text("")
    settings.RUNS_DIR = tmp_path / "file"
    run = TrainingRun.request(lead, release, "hard-text").run()
    assert run.status == JobStatus.FAILED
    assert (
        run.failure_text == f"{tmp_path / 'file' / str(run.pk)} cannot be written: Not a directory."
    )
    page = client_of(lead).get(reverse("run", args=[run.pk])).content.decode()
    assert "cannot be written: Not a directory." in page


def test_a_release_that_was_changed_fails_with_the_learners_sentence(release, lead):
    path = release.directory / "utterances.jsonl"
    rows = [json.loads(line) | {"gold": {}} for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = TrainingRun.request(lead, release, "hard-text").run()
    assert "utterances.jsonl is not as it was frozen" in run.failure_text
    assert "Traceback" not in run.failure_text and "\n" not in run.failure_text


def test_a_search_of_settings_that_are_gone_ends(release, lead):
    search = {"trials": 3, "prunes": False, "fields": ["dropout"], "at_once": 1}
    experiment = start_search(lead, release, "hard-text", search)
    experiment.search["fields"] = ["dropout", "later"]
    experiment.save()
    TrainingRun.objects.update(status=JobStatus.FAILED)
    continue_search(experiment)
    assert not Experiment.objects.get(pk=experiment.pk).searches and experiment.runs.count() == 1


@pytest.mark.parametrize("seed", ["-1", "99999999999999999999", "x", "1.5"])
def test_the_command_names_a_seed_that_cannot_be(release, corpus, seed):
    with pytest.raises(CommandError, match="from 0 to 2147483647, not"):
        call_command("train", "1.0.0", "--corpus", corpus.name, "--seed", seed)
    with pytest.raises(UserError, match="The seed must be from 0 to 2147483647"):
        TrainingRun.request(None, release, "hard-text", seed=-1)


# what is predicted, and what is most probable


@pytest.fixture
def answered(release, lead):
    """A run of which a row was predicted against the probabilities, and a class is unseen."""
    run = TrainingRun.request(lead, release, "hard-text").run()
    path = run.directory / "validation_predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0]["predicted"]["sarcasm"], rows[0]["most_probable"]["sarcasm"] = "yes", "no"
    rows[0]["probabilities"]["sarcasm"] = {"no": 0.71, "yes": 0.29}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run.results["tasks"]["sarcasm"]
    result |= {"threshold": 0.25, "ece_predicted": 0.4321, "fitted_on": 0}
    result["most_probable"] = {"differ": 1, "accuracy": 0.625, "macro_f1": 0.375}
    result["classes"][0] |= {"n": 3, "train": 0}
    run.save()
    return run


def test_pages_say_which_is_which(answered, client_of, lead):
    client = client_of(lead)
    results = reverse("run", args=[answered.pk]) + "?tab=results"
    page = " ".join(client.get(results).content.decode().split())
    assert "ECE of predicted" in page and "0.432" in page
    assert "what is predicted is not the most probable value in 1 of" in page
    assert "would have macro-F1 0.375 and accuracy 0.625." in page
    assert "“no” is gold 3 times here and never in training." in page
    assert "no label chose its temperature or threshold" in page
    address = reverse("run_errors", args=[answered.pk]) + "?task=sarcasm&all=1"
    page = " ".join(client.get(address).content.decode().split())
    assert "Predicted is “yes” where its probability is above 0.250" in page
    shown = page.split("<article")[1:]
    both = [row for row in shown if "most probable" in row]
    assert len(both) == 1 and "0.29" in both[0] and "0.71" in both[0]
    assert "<b>no</b>" in both[0].split("most probable")[1]
    _as_of_an_earlier_version(answered)
    page = client.get(results).content.decode()
    assert "never in training" not in page and "ECE of predicted" in page
    assert client.get(address).content.decode().count("· most probable:") == 1


def _as_of_an_earlier_version(run):
    path = run.directory / "validation_predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        del row["most_probable"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    new = ("most_probable", "ece_predicted", "reliability_predicted", "unseen", "fitted_on")
    for result in filter(None, run.results["tasks"].values()):
        for name in new:
            result.pop(name, None)
        for row in result["classes"]:
            row.pop("train", None)
    run.save()


def test_controls_are_chosen_by_name_and_shown_again(release, lead, corpus, client_of):
    address = reverse("new_run", args=[corpus.pk])
    client = client_of(lead)
    chosen = {**FORM, "release": release.pk, "recipes": ["reading-text"], "sharing": "ple",
              "without": ["attention", "relation_chain"], "epochs": 1}  # fmt: skip
    refused = client.post(address, {**chosen, "sharing": "single", "without": ["attention"]})
    assert "relation_chain connects" in str(refused.context["fine"].errors["without"])
    unused = client.post(address, {**chosen, "recipes": ["lmf"], "without": ["fusion"]})
    assert "None of the chosen recipes" in str(unused.context["fine"].errors["without"])
    assert not TrainingRun.objects.exists()
    client.post(address, chosen)
    [run] = TrainingRun.objects.all()
    assert run.options == {
        "sharing": "ple", "epochs": 1, "attention": False, "relation_chain": False,
    }  # fmt: skip
    page = client.get(address, {"like": run.pk})
    assert page.context["fine"]["without"].value() == ["attention", "relation_chain"]
