"""Experiments, runs, protocols and models by the API: checked as the forms check, withheld as the
pages withhold.
"""

import json

import pytest

from annotation.models import Suggestion
from corpus.models import Utterance
from jobs.models import JobStatus
from modeling.models import (
    Evaluation,
    Experiment,
    Protocol,
    ProtocolPart,
    RegisteredModel,
    TrainingRun,
)
from people.models import Event
from tests.factories import (
    make_corpus,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)
from tests.modeling.protocol_factories import make_protocol
from tests.people.api.test_views import problem_of, script_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("learner_here", "unsent")]
QUICK = {"epochs": 1, "width": 32}


@pytest.fixture
def unsent(monkeypatch):
    """Nothing is sent to a worker."""
    for model in (TrainingRun, Evaluation, ProtocolPart):
        monkeypatch.setattr(model, "later", lambda self: None)


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")


@pytest.fixture
def script(lead):
    return script_of(lead)


def request(script, of, **said):
    said = {"release": of.pk, "recipes": ["hard-text"]} | said
    return script.post(f"/api/corpora/{of.corpus_id}/experiments/", said, format="json")


def test_recipes_and_encoders_say_what_can_be_set(script, lead):
    rows = {row["name"]: row for row in script.get("/api/recipes/").json()["results"]}
    assert rows["hard-text"]["settings"]["width"] == 64
    assert rows["hard-text"]["modalities"] == ["text"] and rows["tf-idf"]["classical"]
    assert "relation_weight" in rows["hard-text"]["unused"] and "SVM" in rows["svm-late"]["title"]
    assert script.get("/api/encoders/").status_code == 404  # of who leads nothing
    make_corpus(lead)
    assert script.get("/api/encoders/").json() == {"next": None, "results": []}


def test_an_experiment_is_what_was_asked_for(script, release):
    settings = QUICK | {"dropout": 0.3, "context": False, "modalities": ["text"]}
    answer = request(
        script, release, recipes=["hard-text", "soft-text"], seeds=2, name="?", settings=settings
    )
    assert answer.status_code == 202, answer.content
    made = Experiment.objects.get()
    assert made.options == settings and made.name == "?"
    assert [(run.recipe, run.seed) for run in made.runs.order_by("pk")] == [
        ("hard-text", 1), ("soft-text", 1), ("hard-text", 2), ("soft-text", 2),
    ]  # fmt: skip
    address = answer.headers["Location"]
    sent = script.get(address).json()
    assert sent["active"] and sent["search"] is None and len(sent["configurations"]) == 2
    assert script.post(f"{address}stop/").json()["ended"] == 4
    problem_of(script.post(f"{address}repetition/", {"wanted": 1}, format="json"), 400)
    assert script.post(f"{address}repetition/", {"wanted": True}, format="json").json()["repeats"]
    run = made.runs.first()
    again = script.post(f"/api/jobs/trainingrun/{run.pk}/attempts/").json()
    assert again["state"] == "queued"
    assert Event.objects.filter(verb="train", noun_id=run.pk).exists()
    script.post(f"{address}stop/")
    assert script.delete(f"/api/runs/{run.pk}/").status_code == 204
    assert script.delete(address).status_code == 204 and not TrainingRun.objects.exists()


def test_a_search(script, release):
    search = {"trials": 3, "fields_searched": ["dropout"]}
    answer = request(script, release, search=search, settings={"epochs": 1})
    assert answer.json()["search"] == search | {"at_once": 1, "prunes": True}
    address = answer.headers["Location"]
    assert not script.post(f"{address}stop/").json()["active"]
    assert script.post(f"{address}attempts/").json()["active"]


def test_what_does_not_search_is_not_resumed_as_a_whole(script, release):
    address = request(script, release, settings={"epochs": 1}).headers["Location"]
    answer = script.post(f"{address}attempts/")
    assert answer.status_code == 409 and "Resume the runs one by one" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"recipes": ["nonsense"]}, "recipes"),
        ({"recipes": []}, "recipes"),
        ({"seeds": 11}, "seeds"),
        ({"release": 999999}, "release"),
        ({"device": "abacus"}, "device"),
        ({"settings": {"dropout": 2}}, "settings.dropout"),
        ({"settings": {"dropout": {"a": []}}}, "settings.dropout"),
        ({"settings": {"epochs": "many"}}, "settings.epochs"),
        ({"settings": {"nonsense": 1}}, "settings"),
        ({"settings": {"context": 0}}, "settings"),
        ({"settings": {"without": ["context"]}}, "settings"),
        ({"settings": {"relation_weight": 2}}, "settings.relation_weight"),
        ({"settings": {"text_encoder": "none-such"}}, "settings.text_encoder"),
        ({"recipes": ["language-model"]}, "settings"),
        ({"search": {"trials": 3, "fields_searched": ["seed"]}}, "search.fields_searched"),
        ({"search": {"trials": 3, "fields_searched": []}}, "search.fields_searched"),
        ({"seeds": 2, "search": {"trials": 3, "fields_searched": ["dropout"]}}, "search.trials"),
        (
            {
                "settings": {"dropout": 0.1},
                "search": {"trials": 3, "fields_searched": ["dropout"]},
            },
            "search.fields_searched",
        ),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_the_form_refuses_is_refused(script, release, said, field):
    found = problem_of(request(script, release, **said), 400)
    assert field in {fault["field"].partition(".0")[0] for fault in found["errors"]}, found
    assert not Experiment.objects.exists()


def test_what_cannot_be_as_things_stand_is_a_conflict(script, lead, release):
    assert "no films" in problem_of(request(script, release, recipes=["mult"]), 409)["detail"]
    release.retract(lead, "withdrawn", "why")
    found = problem_of(request(script, release), 400)  # as in the form, which does not offer it
    assert found["errors"][0]["field"] == "release"


@pytest.fixture
def trained(lead, release):
    """An experiment with one run that was trained and evaluated, and is registered."""
    experiment = Experiment.request(lead, release, ["hard-text"], [1], options=QUICK)
    run = experiment.runs.get()
    assert run.run().status == JobStatus.DONE, run.failure_text
    return run


def evaluate(script, run):
    answer = script.post(f"/api/runs/{run.pk}/evaluations/")
    assert answer.status_code == 202
    Evaluation.objects.get().run()
    return answer


def register(script, run):
    said = {"name": "best", "use": "x", "limits": "y"}
    return script.post(f"/api/runs/{run.pk}/registration/", said, format="json")


def test_runs_are_compared(script, lead, corpus, release):
    experiment = Experiment.request(lead, release, ["hard-text", "tf-idf"], [1, 2], options=QUICK)
    for run in experiment.runs.all():
        assert run.run().status == JobStatus.DONE, run.failure_text
    runs = [*experiment.runs.values_list("pk", flat=True)]
    here = f"/api/corpora/{corpus.pk}/runs/comparison/"
    found = script.get(f"{here}?experiments={experiment.pk}").json()
    assert found == script.get(f"{here}?runs={','.join(map(str, runs))}").json()
    labels = [each["label"] for each in found["configurations"]]
    (pair,) = found["validation"]
    assert [pair["one"], pair["other"]] == labels and pair["seeds"] == [1, 2]
    means = [each["validation"]["mean"] for each in found["configurations"]]
    assert pair["gain"] == pytest.approx(means[0] - means[1]) and found["test"] == []
    assert {row["task"] for row in pair["tasks"]} and found["release"] == release.pk
    for query in ("", f"?runs={runs[0]}", "?runs=x", "?runs=1,,2", f"?experiments={10**30}"):
        problem_of(script.get(here + query), 400)
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        problem_of(script_of(person).get(f"{here}?experiments={experiment.pk}"), 404)
    blind = make_member(corpus, "lead")
    make_round(corpus, [blind, make_member(corpus)], dialogues=[corpus.dialogues.first()])
    problem_of(script_of(blind).get(f"{here}?experiments={experiment.pk}"), 403)


def suggest(script, run, **said):
    return script.post(f"/api/runs/{run.pk}/suggestions/", said, format="json")


def test_predictions_become_suggestions(script, lead, corpus, trained):
    problem_of(suggest(script, trained, split="test"), 404)  # before it was evaluated on it
    problem_of(suggest(script, trained, split="train"), 400)
    rows = predicted(script, trained, "validation")
    tasks = sum(len(row["predicted"]) for row in rows.values())
    assert suggest(script, trained).json() == {"stored": tasks, "absent": 0}
    for guess in Suggestion.objects.select_related("utterance"):
        row = rows[guess.utterance.uid]
        assert guess.value == row["predicted"][guess.task]
        assert guess.probability == pytest.approx(row["probabilities"][guess.task][guess.value])
        assert guess.origin.startswith(f"run {trained.pk} · ")
    assert Event.objects.get(verb="suggest").detail["count"] == tasks
    gone = Utterance.objects.get(uid=next(iter(rows)))
    Utterance.objects.filter(pk=gone.pk).update(uid="elsewhere")
    left = tasks - len(rows[gone.uid]["predicted"])
    assert suggest(script, trained, split="validation").json() == {"stored": left, "absent": 1}
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        problem_of(suggest(script_of(person), trained), 404)
    corpus.archive(lead)
    problem_of(suggest(script, trained), 403)


def reads(run, protocol):
    """Every address that gives results."""
    return [
        f"/api/runs/{run.pk}/results/",
        f"/api/runs/{run.pk}/events.ndjson",
        f"/api/runs/{run.pk}/predictions.ndjson",
        f"/api/runs/{run.pk}/predictions.ndjson?split=test",
        f"/api/runs/{run.pk}/tensorboard.zip",
        f"/api/experiments/{run.experiment_id}/tensorboard.zip",
        f"/api/experiments/{run.experiment_id}/results.ndjson",
        f"/api/models/{run.registered.pk}/",
        f"/api/models/{run.registered.pk}/card.md",
        f"/api/protocols/{protocol.pk}/files/report.html",
        f"/api/protocols/{protocol.pk}/files/experiment.toml",
    ]


def predicted(script, run, split):
    """Utterance -> the line of it, which is checked."""
    lines = script.get(f"/api/runs/{run.pk}/predictions.ndjson?split={split}")
    rows = [json.loads(line) for line in b"".join(lines.streaming_content).splitlines()]
    for row in rows:
        for task, shares in row["probabilities"].items():
            assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
            assert row["most_probable"][task] == max(shares, key=shares.get)
            assert row["predicted"][task] in shares
    return {row["id"]: row for row in rows}


def expected_ids(run, split):
    """The utterances of that part of the release."""
    part = "valid" if split == "validation" else "test"
    text = (run.release.directory / "utterances.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return {row["id"] for row in rows if row["split"] == part}


def states(run, protocol):
    """Every address that tells how far work is."""
    corpus = f"/api/corpora/{run.corpus_id}/"
    return [
        f"/api/runs/{run.pk}/",
        f"/api/experiments/{run.experiment_id}/",
        f"/api/protocols/{protocol.pk}/",
        f"/api/evaluations/{run.evaluations.get().pk}/",
        *(corpus + kind for kind in ("runs/", "experiments/", "models/", "protocols/")),
    ]


def test_results_and_who_may_see_them(script, lead, corpus, release, trained):
    answer = evaluate(script, trained)
    assert script.get(answer.headers["Location"]).json()["state"] == "done"
    problem_of(script.delete(f"/api/runs/{trained.pk}/"), 409)
    model = register(script, trained)
    assert model.status_code == 201
    assert "registered already" in problem_of(register(script, trained), 409)["detail"]
    protocol = make_protocol(lead, release, None)

    run = script.get(f"/api/runs/{trained.pk}/").json()
    results = script.get(f"/api/runs/{trained.pk}/results/").json()
    assert results["test"]["tasks"].keys() == results["validation"]["tasks"].keys()
    assert run["state"] == "done" and 0 <= run["test_macro_f1"] <= 1
    [row] = script.get(f"/api/corpora/{corpus.pk}/runs/?recipe=hard-text").json()["results"]
    assert row == run
    assert not script.get(f"/api/corpora/{corpus.pk}/runs/?state=failed").json()["results"]
    experiment = script.get(f"/api/experiments/{trained.experiment_id}/").json()
    [group] = experiment["configurations"]
    assert group["runs"] == [trained.pk]
    assert group["test"]["mean"] == pytest.approx(run["test_macro_f1"])
    lines = script.get(f"/api/experiments/{trained.experiment_id}/results.ndjson")
    rows = [json.loads(line) for line in b"".join(lines.streaming_content).splitlines()]
    assert {(row["run"], row["held_out"]) for row in rows} == {
        (trained.pk, False), (trained.pk, True),
    }  # fmt: skip
    events = script.get(f"/api/runs/{trained.pk}/events.ndjson")
    assert b'"event":"epoch"' in b"".join(events.streaming_content)
    for split in ("validation", "test"):
        assert predicted(script, trained, split).keys() == expected_ids(trained, split)
    assert script.get(model.headers["Location"]).json()["facts"]["recipe"] == "hard-text"

    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        stranger = script_of(person)
        for where in [*reads(trained, protocol), *states(trained, protocol)]:
            problem_of(stranger.get(where), 404)
    blind = make_member(corpus, "lead")
    dialogues = [corpus.dialogues.first()]
    again = make_round(corpus, [blind, make_member(corpus)], dialogues=dialogues, name="再评")
    eyes = script_of(blind)
    for where in reads(trained, protocol):
        assert "再评" in problem_of(eyes.get(where), 403)["detail"], where
    problem_of(eyes.post(f"/api/runs/{trained.pk}/evaluations/"), 403)
    problem_of(eyes.post(f"/api/experiments/{trained.experiment_id}/evaluations/"), 403)
    problem_of(register(eyes, trained), 403)
    problem_of(suggest(eyes, trained), 403)
    before = [eyes.get(where).json() for where in states(trained, protocol)]
    seen = [script.get(where).json() for where in states(trained, protocol)]
    otherwise(trained)
    assert [eyes.get(where).json() for where in states(trained, protocol)] == before
    changed = [script.get(where).json() for where in states(trained, protocol)]
    assert [a != b for a, b in zip(seen, changed, strict=True)] == [
        True, True, False, False, True, False, True, False,
    ]  # fmt: skip
    assert request(eyes, release).status_code == 202  # asks and does not look
    failure = {"template": "no gold for D1_U_1", "values": {}}
    TrainingRun.objects.filter(pk=trained.pk).update(status=JobStatus.FAILED, failure=failure)
    job = f"/api/jobs/trainingrun/{trained.pk}/"
    assert "no gold" in script.get(job).json()["failure"]
    assert "再评" in (hidden := eyes.get(job).json()["failure"]) and "no gold" not in hidden
    assert "no gold" not in json.dumps(eyes.get(f"/api/corpora/{corpus.pk}/jobs/").json())
    again.close(lead)
    assert {eyes.get(where).status_code for where in reads(trained, protocol)} == {200}


def otherwise(run):
    """Change every figure that a run gave."""
    for row in (run, run.evaluations.get()):
        name = "results" if row is run else "result"
        results = getattr(row, name)
        tasks = {
            key: each and {**each, "macro_f1": 0.777} for key, each in results["tasks"].items()
        }
        type(row).objects.filter(pk=row.pk).update(**{name: {**results, "tasks": tasks}})


TEXT = """
name = "From a file"
release = "1.0.0"
[recipe]
modalities = ["text"]
[[systems]]
recipe = "hard-text"
"""


def test_protocols(script, corpus, release):
    address = f"/api/corpora/{corpus.pk}/protocols/"
    plan = script.post(f"{address}plans/", {"text": TEXT}, format="json")
    assert plan.status_code == 200 and plan.json()["systems"] == 1, plan.content
    assert not Protocol.objects.exists()
    answer = script.post(address, {"text": TEXT, "at_once": 2}, format="json")
    assert answer.status_code == 202, answer.content
    made = answer.json()
    assert (made["name"], made["state"], made["runs"]) == (
        "From a file",
        "queued",
        plan.json()["runs"],
    )
    where = answer.headers["Location"]
    text = script.get(f"{where}files/experiment.toml").content.decode()
    assert 'recipe = "hard-text"' in text
    problem_of(script.get(f"{where}files/report.html"), 404)
    problem_of(script.get(f"{where}files/tables.json"), 404)
    assert script.post(f"{where}stop/").json()["state"] == "stopped"
    assert script.post(f"{where}attempts/").json()["state"] == "queued"
    assert script.post(f"{where}report/").status_code == 200
    problem_of(script.delete(where), 409)
    script.post(f"{where}stop/")
    assert script.delete(where).status_code == 204
    for text in ("name = ", 'name = "x"', TEXT.replace("1.0.0", "9.9.9"), "x" * 100_001, " "):
        refused = script.post(address, {"text": text}, format="json")
        assert refused.status_code in (400, 409), refused.content
    assert not Protocol.objects.exists() and not RegisteredModel.objects.exists()
