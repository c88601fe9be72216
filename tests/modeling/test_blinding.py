"""Runs, experiments and models belong to leads, and show no results to one who annotates blind."""

import datetime
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.models import JobStatus
from modeling.models import Evaluation, Experiment, RegisteredModel, TrainingRun
from modeling.search_trials import start_search
from people.models import Person
from people.notifications import tell_requester
from tests.factories import make_judged_round, make_member, make_person, make_release, make_round
from tests.releases.test_access import plain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("learner_here")]
QUICK = {"epochs": 2, "width": 32}
SEARCH = {"fields": ["dropout"], "trials": 2, "at_once": 1, "prunes": True}


@pytest.fixture
def world(corpus, lead, monkeypatch):
    """A release with everything that was learned from it; `blind` leads the corpus and annotates
    one of its dialogues again.
    """
    monkeypatch.setattr(TrainingRun, "later", lambda self: None)
    monkeypatch.setattr(Evaluation, "later", lambda self: None)
    judged = make_judged_round(corpus, dialogues=6)
    judged.close(lead)

    class World:
        release = make_release(corpus, [judged])
        experiment = Experiment.request(
            lead, release, ["soft-text", "hard-text"], [1], options=QUICK
        )
        search = start_search(lead, release, "hard-text", SEARCH, options=QUICK)
        blind = make_member(corpus, "lead")
        again = make_round(
            corpus,
            [blind, make_member(corpus)],
            dialogues=list(corpus.dialogues.all()[:1]),
            name="再评",
        )

    for run in World.release.runs.order_by("pk"):
        assert run.run().status == JobStatus.DONE, run.failure_text
    World.soft, World.hard = World.experiment.runs.order_by("pk")
    for run in (World.soft, World.hard):
        Evaluation.request(lead, run).run()
    World.model = RegisteredModel.register(lead, World.soft, "best", "x", "y")
    return World


def results(world):
    """Every address that shows what was learned."""
    named = {
        world.soft.pk: ["run_errors", "run_relations", "run_tensorboard", "evaluation_json",
                        "evaluation_tex", "register_model"],
        world.model.pk: ["model", "model_card"],
        world.experiment.pk: ["experiment_csv", "experiment_tensorboard"],
    }  # fmt: skip
    found = [reverse(name, args=[pk]) for pk, names in named.items() for name in names]
    found += [found[0] + "?where=held_out&all=1&task=emotion", found[1] + "?where=held_out"]
    comparison = reverse("compare_runs", args=[world.release.corpus_id])
    found += [f"{comparison}?experiment={world.experiment.pk}", f"{comparison}?run={world.soft.pk}"]
    return found


def progress(world):
    """The pages that stay, without figures."""
    corpus = world.release.corpus_id
    named = [("run", world.soft), ("run", world.hard), ("run_progress", world.soft)]
    named += [("experiment", world.experiment), ("experiment_progress", world.experiment)]
    named += [("experiment", world.search), ("experiment_progress", world.search)]
    named += [("evaluation_progress", world.soft.evaluation)]
    found = [reverse(name, args=[thing.pk]) for name, thing in named]
    found += [f"{found[0]}?tab={tab}" for tab in ("curves", "results", "log", "files")]
    found += [f"{found[2]}?tab={tab}" for tab in ("curves", "log")]
    found += [f"{found[place]}?part=curves" for place in (2, 4)]
    return [*found, reverse("runs", args=[corpus]), reverse("new_run", args=[corpus])]


POSTS = [
    "stop_run",
    "attempt_run",
    "delete_run",
    "extract_features",
    "evaluate_run",
    "suggest_run",
    "register_model",
]
EXPERIMENT_POSTS = [
    "stop_experiment",
    "resume_experiment",
    "repeat_experiment",
    "evaluate_experiment",
    "delete_experiment",
]


@pytest.mark.one_database
def test_leads_alone_see_runs(world, client_of, corpus):
    people = [make_member(corpus), make_member(corpus, "adjudicator"), make_person()]
    posts = [reverse(name, args=[world.soft.pk]) for name in POSTS]
    posts += [reverse(name, args=[world.experiment.pk]) for name in EXPERIMENT_POSTS]
    for client in map(client_of, people):
        for address in [*results(world), *progress(world)]:
            assert client.get(address).status_code == 404, address
        for address in posts:
            assert client.post(address).status_code == 404, address
    lead = client_of(make_member(corpus, "lead"))
    for address in [*results(world), *progress(world)]:
        assert lead.get(address).status_code == 200, address


@pytest.mark.one_database
def test_a_lead_who_annotates_blind_sees_progress_and_no_results(world, client_of, lead):
    blind = client_of(world.blind)
    for address in results(world):
        assert blind.get(address).status_code == blind.head(address).status_code == 403, address
    looks = Evaluation.objects.count()
    for name, pk in (("evaluate_run", world.hard.pk), ("evaluate_experiment", world.experiment.pk),
                     ("register_model", world.hard.pk)):  # fmt: skip
        form = {"name": "a", "use": "b", "limits": "c"}
        assert blind.post(reverse(name, args=[pk]), form).status_code == 403
    assert Evaluation.objects.count() == looks and RegisteredModel.objects.count() == 1

    before = [plain(blind.get(address)) for address in progress(world)]
    assert "Results are withheld." in before[0] and "in 再评" in before[0]
    assert not any("<data-chart" in page or "macro-F1 0" in page for page in before)
    seen = [plain(client_of(lead).get(address)) for address in progress(world)]
    _learn_something_else(world)
    changed = [plain(client_of(lead).get(address)) for address in progress(world)]
    same = [address for address, a, b in zip(progress(world), seen, changed, strict=True) if a == b]
    assert len(same) == 5  # how far runs and a look are, and the form of new runs
    assert [plain(blind.get(address)) for address in progress(world)] == before

    form = {"release": world.release.pk, "recipes": ["hard-text"], "seeds": 1, "on_failure": "fail"}
    address = reverse("new_run", args=[world.release.corpus_id])
    page = blind.post(address, form, follow=True)
    assert page.status_code == 200 and "Results are withheld." in page.content.decode()
    world.again.participants.filter(person=world.blind).update(unblinded=True)
    assert {blind.get(address).status_code for address in results(world)} == {200}
    world.again.participants.update(unblinded=False)
    world.again.close(lead)
    assert {blind.get(address).status_code for address in results(world)} == {200}


def _learn_something_else(world):
    """Change every figure that the runs gave."""
    for run in world.release.runs.filter(status=JobStatus.DONE):
        TrainingRun.objects.filter(pk=run.pk).update(results=_otherwise(run.results))
        for look in run.evaluations.all():
            Evaluation.objects.filter(pk=look.pk).update(result=_otherwise(look.result))
        path = run.directory / "events.jsonl"
        events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for event in events:
            if event["event"] == "epoch":
                event["validation_macro_f1"] = dict.fromkeys(event["validation_macro_f1"], 0.777)
                event["loss"] = 7.77
        path.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
        (run.directory / "stderr.txt").write_text("777 utterances of disgust\n", "utf-8")


def _otherwise(results):
    tasks = {key: row and {**row, "macro_f1": 0.777, "weighted_f1": 0.777, "n": 77}
             for key, row in results["tasks"].items()}  # fmt: skip
    return {**results, "best_epoch": 77, "tasks": tasks}


def test_why_a_run_failed_is_withheld_too(world, client_of, corpus):
    """It may name utterances and their labels."""
    TrainingRun.objects.filter(pk=world.hard.pk).update(
        status=JobStatus.FAILED, failure={"template": "no gold for D1_U_1", "values": {}}
    )
    address = reverse("run", args=[world.hard.pk])
    result = plain(client_of(make_member(corpus, "lead")).get(address))
    blind = plain(client_of(world.blind).get(address))
    assert "no gold for" in result and "no gold for" not in blind and "failed" in blind


def test_an_email_about_a_failure_says_no_reason_to_one_who_annotates_blind(
    corpus, lead, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_ENABLED = True
    judged = make_judged_round(corpus, dialogues=6)
    judged.close(lead)
    release = make_release(corpus, [judged])
    blind = make_member(corpus, "lead")
    first = list(corpus.dialogues.all()[:1])
    make_round(corpus, [blind, make_member(corpus)], dialogues=first, name="再评")
    ended = timezone.now()
    for person in (lead, blind):
        Person.objects.filter(pk=person.pk).update(email=f"{person.pk}@example.org")
        run = TrainingRun.objects.create(
            release=release, recipe="hard-text", started_by=Person.objects.get(pk=person.pk),
            status=JobStatus.FAILED, failure={"template": "no gold for D1_U_1", "values": {}},
            started_at=ended - datetime.timedelta(minutes=5), finished_at=ended,
        )  # fmt: skip
        with django_capture_on_commit_callbacks(execute=True):
            tell_requester(run)
    open_one, hidden = (message.body for message in mailoutbox)
    assert "no gold" in open_one and "no gold" not in hidden and "withheld" in hidden
