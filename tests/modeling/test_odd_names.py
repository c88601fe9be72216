"""From the form of a scheme to the pages of a run, with tasks, values and texts of every oddity."""

import csv
import io
import json
import uuid

import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.urls import reverse

from annotation.answers import save_answer
from annotation.models import Assignment, ExpertLabel, Round
from annotation.scheme import field_of
from annotation.scheme_form import fields_of
from corpus.models import Corpus
from jobs.models import JobStatus
from modeling.models import Evaluation, Experiment
from releases import formats
from tests.factories import items_of, make_dialogue, make_member, make_release
from tests.modeling.odd_scheme import SCHEME, TEXTS

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
DIALOGUES = 10


@pytest.fixture
def opened(corpus, lead, client_of):
    """A round under the scheme of odd names, drawn up and opened as a lead does it."""
    for number in range(DIALOGUES):
        talk = make_dialogue(corpus, size=2)
        for turn, utterance in enumerate(talk.utterances.all()):
            utterance.text = TEXTS[(2 * number + turn) % len(TEXTS)]
            utterance.save()
    make_member(corpus)
    make_member(corpus)
    client = client_of(lead)
    result = dict(fields_of(SCHEME).lists())
    assert client.post(reverse("scheme_preview", args=[corpus.pk]), result).status_code == 200
    drawn = client.post(reverse("new_scheme", args=[corpus.pk]), result)
    assert drawn.status_code == 302, drawn.context["errors"]
    assert corpus.schemes.first().scheme == SCHEME
    again = client.get(reverse("new_scheme", args=[corpus.pk])).content.decode()
    assert again.count('value="情感 一"') >= 1
    people = corpus.memberships.filter(role="annotator")
    form = {
        "name": "一\u2028轮", "sources": list(corpus.sources.values_list("pk", flat=True)),
        "annotators": list(people.values_list("pk", flat=True)),
        "overlap": 2, "scheme_version": corpus.schemes.first().pk, "mark_type": 50,
    }  # fmt: skip
    made = client.post(reverse("new_round", args=[corpus.pk]), form)
    assert made.status_code == 302, made.context["form"].errors
    return Round.objects.get()


def answers_to(utterance):
    """An answer to every task, for utterances of even and odd number."""
    return {task.key: task.keys[utterance.number % 2] for task in SCHEME.tasks}


def label(client, person, round):
    """The first dialogue by forms without scripts, the second as the workbench saves, the others
    without pages.
    """
    count = 0
    while "/assignments/" in client.post(reverse("next_assignment", args=[round.pk])).url:
        held = Assignment.objects.get(person=person, state="held")
        count += 1
        bench = client.get(reverse("assignment", args=[held.pk])).content.decode()
        address = reverse("judgements", args=[held.pk])
        for utterance in held.dialogue.utterances.all():
            assert f'name="{field_of("task")}"' in bench and 'data-task="task"' in bench
            result = answers_to(utterance)
            if count == 1:
                sent = {field_of(key): value for key, value in result.items()}
                client.post(address, {"utterance": utterance.pk, **sent})
                continue
            for key, value in result.items():
                if count > 2:
                    save_answer(held, utterance, key, value)
                    continue
                row = {"utterance": utterance.pk, "task": key, "value": value,
                       "client_id": str(uuid.uuid4())}  # fmt: skip
                assert client.post(address, row).json() == {"saved": True}, row
        assert held.answers()[utterance.pk] == result
        client.post(reverse("submission", args=[held.pk]))


def by_id(release):
    rows = (release.directory / "utterances.jsonl").read_bytes().decode().split("\n")
    return {row["id"]: row for row in map(json.loads, filter(None, rows))}


def test_they_go_all_the_way(opened, corpus, lead, client_of, learner_here, tmp_path):
    for person in [m.person for m in corpus.memberships.filter(role="annotator")]:
        label(client_of(person), person, opened)
    client = client_of(lead)
    assert opened.share_done() == (2 * DIALOGUES, 2 * DIALOGUES)

    # pages of the round, task by task
    for key in SCHEME.keys:
        for name in ("agreement", "items", "quality", "adjudication"):
            page = client.get(reverse(name, args=[opened.pk]), {"task": key})
            assert page.status_code == 200, (name, key)
    assert client.get(reverse("round", args=[opened.pk])).status_code == 200
    items = client.get(reverse("items", args=[opened.pk]), {"task": "items", "value": "0"})
    assert items.status_code == 200
    agreement = client.get(reverse("agreement", args=[opened.pk]), {"task": "utterance"})
    assert agreement.context["task"].keys == ("items", "values")
    assert "value=items&amp;" in agreement.content.decode()
    for kind in ("csv", "json", "tex", "svg"):
        assert client.get(reverse("agreement_file", args=[opened.pk, kind])).status_code == 200
    rows = items_of(opened, "utterance")
    ruled = {"utterance": rows[0].utterance_id, "task": "utterance", "verdict": "value",
             "value": "items", "reason": "a\u2028b"}  # fmt: skip
    client.post(reverse("adjudications", args=[opened.pk]), ruled)
    shown = client.get(reverse("adjudication", args=[opened.pk]),
                       {"utterance": rows[0].utterance_id, "of": "utterance"})  # fmt: skip
    assert shown.status_code == 200

    # the release: every table, every format
    release = make_release(corpus, [opened], media="none")
    assert release.verify() == []
    result = by_id(release)
    texts = dict(corpus.dialogues.values_list("utterances__uid", "utterances__text"))
    assert {uid: row["text"] for uid, row in result.items()} == texts
    parquet = [
        pq.read_table(path).to_pylist() for path in (release.directory / "data").glob("*-of-*")
    ]
    assert {row["id"]: row["text"] for rows in parquet for row in rows} == texts
    names = list(parquet[0][0])
    assert len(names) == len(set(names)) and {"id", "id_label", "text", "text_label"} <= set(names)
    sheet = (release.directory / "utterances.csv").read_bytes().decode("utf-8-sig")
    cells = list(csv.DictReader(io.StringIO(sheet, newline="")))
    assert len(cells) == len(texts) and len(set(cells[0])) == len(cells[0])
    assert all(texts[row["id"]] in (row["text"], row["text"][1:]) for row in cells)
    for name in formats.FORMATS:
        written = formats.export(name, release.directory, tmp_path / name)
        assert written and all(path.stat().st_size for path in written)
    for address in ("release",):
        assert client.get(reverse(address, args=[release.pk])).status_code == 200

    # it comes back as it was, from the release and from Label Studio's file
    call_command("import_corpus", str(release.directory / "manifest.json"), format="shengqing",
                 corpus="again")  # fmt: skip
    again = Corpus.objects.get(name="again")
    assert dict(again.dialogues.values_list("utterances__uid", "utterances__text")) == texts
    [imported] = Round.objects.filter(corpus=again)
    assert imported.scheme == SCHEME
    second = make_release(again, [imported], media="none")
    for name in ("utterances.jsonl", "judgements.jsonl", "scheme.json", "agreement.json"):
        mine, theirs = ((r.directory / name).read_bytes() for r in (release, second))
        assert mine == theirs, name
    studio = tmp_path / "labelstudio" / "tasks.json"
    call_command("import_corpus", str(studio), format="labelstudio", corpus="studio")
    back = Corpus.objects.get(name="studio")
    assert dict(back.dialogues.values_list("utterances__uid", "utterances__text")) == texts

    # a run and its pages
    experiment = Experiment.request(
        lead, release, ["soft-text", "hard-text"], [1], options={"epochs": 1}
    )
    for run in experiment.runs.all():
        run.run()
        assert run.status == JobStatus.DONE, run.failure_text
        assert set(run.results["tasks"]) == set(SCHEME.keys)
        look = Evaluation.request(lead, run).run()
        assert look.status == JobStatus.DONE, look.failure_text
        assert set(look.result["tasks"]) == set(SCHEME.keys)
        for name in ("run", "run_progress", "run_relations", "run_tensorboard", "evaluation_json",
                     "evaluation_tex"):  # fmt: skip
            assert client.get(reverse(name, args=[run.pk])).status_code == 200, name
        for key in SCHEME.keys:
            asked = {"task": key, "all": 1, "where": "sealed", "gold": SCHEME[key].keys[0]}
            page = client.get(reverse("run_errors", args=[run.pk]), asked)
            assert page.status_code == 200 and page.context["task"].key == key
    for name in ("experiment", "experiment_progress", "experiment_csv", "experiment_tensorboard"):
        assert client.get(reverse(name, args=[experiment.pk])).status_code == 200, name
    assert client.get(reverse("compare_runs", args=[corpus.pk])).status_code == 200
    run = experiment.runs.first()
    for row in filter(None, run.results["tasks"].values()):  # every cell leads to its clips,
        row["confusion"] = [[1] * len(line) for line in row["confusion"]]  # whatever was predicted
    run.save(update_fields=["results"])
    shown = client.get(reverse("run", args=[run.pk]), {"tab": "results"}).content.decode()
    assert "gold=%2B1" in shown and "predicted=%26x" in shown
    shown = client.get(reverse("run", args=[run.pk]), {"tab": "configuration"}).content.decode()
    assert "characters-1" in shown

    # known answers, by their form
    one = make_dialogue(corpus)
    known = {f"{u.pk}-{key}": value for u in one.utterances.all()
             for key, value in answers_to(u).items()}  # fmt: skip
    assert corpus.schemes.count() == 1  # nothing has drawn up another one
    client.post(reverse("dialogue_expert_labels", args=[one.pk]), known)
    assert ExpertLabel.objects.filter(task="csrfmiddlewaretoken").count() == 2
