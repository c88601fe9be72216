"""Protocols: checked, run in parts, reported, withheld from those who annotate blind."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.errors import UserError
from corpus.deletion import delete_hanging
from corpus.models import Installation
from jobs.models import JobStatus
from modeling.learner.experiments import runner
from modeling.models import Protocol, ProtocolPart, TrainingRun
from modeling.models.protocols import REPORT_FILES
from modeling.protocol_file import learner_file, read_protocol, shown_file
from modeling.protocol_plan import plan_of
from people.models import Event
from tests.factories import (
    make_corpus,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)
from tests.modeling.encoder_factories import make_encoder
from tests.modeling.protocol_factories import make_protocol
from tests.object_store import be_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("learner_here")]
SMALL = {"modalities": ["text"], "epochs": 1, "width": 32}
VALUES = {
    "name": "Does the dialogue help?",
    "seeds": 1,
    "recipe": SMALL,
    "systems": [{"recipe": "hard-text"}, {"recipe": "bc-lstm", "name": "bc-LSTM, 中"}],
    "splits": {"by": "folds", "folds": 2, "validation_share": 0.3},
}
TEXT = """
name = "From a file"
release = "1.0.0"
[recipe]
modalities = ["text"]
[[systems]]
recipe = "hard-text"
"""


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


@pytest.fixture
def unsent(monkeypatch):
    """Nothing is sent to a worker."""
    monkeypatch.setattr(ProtocolPart, "later", lambda self: None)


def request(person, release, values=None, **more):
    values = values or VALUES
    plan = plan_of(release, more.get("test_release"), values)
    return Protocol.request(person, release, values, plan.runs, plan.trials, **more)


def fields(release, **more):
    """What the form sends."""
    return {
        "release": release.pk, "name": "Words alone", "recipes": ["hard-text", "bc-lstm"],
        "seeds": 2, "splits": "folds", "folds": 3, "least": 20, "at_once": 1,
        "on_failure": "fail", "modalities": ["text"], **more,
    }  # fmt: skip


def rename_value(release, old, new):
    """As if the scheme of a release had another key for a value."""
    for path in Path(release.directory).glob("*.json*"):
        if path.name in ("scheme.json", "utterances.jsonl"):
            path.chmod(0o644)
            path.write_text(path.read_text("utf-8").replace(f'"{old}"', f'"{new}"'), "utf-8")


def test_a_protocol_runs_in_parts_to_its_report(release, lead, client_of, unsent):
    protocol = request(lead, release, at_once=2)
    assert (protocol.runs, protocol.trials) == (4, 0)
    one, two = protocol.parts.order_by("number")
    assert one.run().status == JobStatus.DONE, one.failure_text
    assert Protocol.objects.get().report is None  # while a part still waits
    assert two.run().status == JobStatus.DONE, two.failure_text
    report = Protocol.objects.get().report
    assert report.run().status == JobStatus.DONE, report.failure_text
    protocol = Protocol.objects.get()
    assert protocol.tested == 4 and protocol.status == JobStatus.DONE
    assert not protocol.can_be_resumed
    assert Protocol.objects.test_evaluations(release) == 4
    with pytest.raises(UserError, match="counted"):
        protocol.delete_by(lead)
    client = client_of(lead)
    address = reverse("protocol", args=[protocol.pk])
    page = client.get(address).content.decode()
    assert "We compared 2 systems (hard-text, bc-LSTM, 中)" in page
    client.post(reverse("report_protocol", args=[protocol.pk]))
    assert Event.objects.filter(verb="report", noun="protocol").exists()
    assert Protocol.objects.get().report.status == JobStatus.QUEUED
    assert "Gain over hard-text" in page and "Macro-F1" in page
    for tab in ("metrics", "groups", "conditions", "failures", "runs", "setup"):
        assert client.get(f"{address}?tab={tab}").status_code == 200
    failures = client.get(f"{address}?tab=failures").content.decode()
    assert re.search(r"/dialogues/\d+/#u\d+", failures)
    runs = client.get(f"{address}?tab=runs&system=hard-text").content.decode()
    assert "runs/hard-text/fold-2/seed-1" in runs and "bc-lstm/fold" not in runs
    for name in (*REPORT_FILES, "experiment.toml"):
        response = client.get(reverse("protocol_file", args=[protocol.pk, name]))
        assert response.status_code == 200, name
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    for name in ("experiment.json", "..", "tables.json", "parts"):
        assert client.get(reverse("protocol_file", args=[protocol.pk, name])).status_code == 404


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_parts_at_several_hosts_make_one_report(
    object_store, release, lead, client_of, unsent, settings, tmp_path
):
    protocol = request(lead, release, at_once=2)
    for part in protocol.parts.order_by("number"):
        be_host(settings, tmp_path / f"trainer-{part.number}")
        assert part.run().status == JobStatus.DONE, part.failure_text
    be_host(settings, tmp_path / "reporter")
    report = Protocol.objects.get().report
    assert report.run().status == JobStatus.DONE, report.failure_text
    be_host(settings, tmp_path / "web")
    protocol = Protocol.objects.get()
    page = client_of(lead).get(reverse("protocol", args=[protocol.pk])).content.decode()
    assert "We compared 2 systems (hard-text, bc-LSTM, 中)" in page and protocol.tested == 4
    assert not list(settings.RUNS_DIR.rglob("model.safetensors"))


def test_a_system_that_cannot_be_trained_is_missing_with_its_reason(
    release, lead, client_of, unsent, monkeypatch
):
    protocol = request(lead, release, VALUES | {"splits": {"by": "official"}})
    part = protocol.parts.get()
    train = "modeling.learner.experiments.runner.train"
    real = runner.train

    def refused(release, root, recipe, *more):
        if recipe.name != "hard-text":
            raise runner.RecipeError("It has too few heads.")
        return real(release, root, recipe, *more)

    monkeypatch.setattr(train, refused)
    assert part.run().status == JobStatus.DONE, part.failure_text
    Protocol.objects.get().report.run()
    protocol = Protocol.objects.get()
    assert protocol.tested == 1 and protocol.can_be_resumed
    page = client_of(lead).get(protocol.page_url).content.decode()
    assert "bc-LSTM, 中, official, seed 1" in page and "It has too few heads." in page
    monkeypatch.setattr(train, real)
    client_of(lead).post(reverse("resume_protocol", args=[protocol.pk]))
    again = Protocol.objects.get().parts.get(number=1)
    assert again.status == JobStatus.QUEUED and again.run().status == JobStatus.DONE
    assert Protocol.objects.get().tested == 2
    assert Event.objects.filter(verb="resume", noun="protocol").exists()


def test_stopping_and_deleting(release, lead, client_of, unsent):
    protocol = request(lead, release, at_once=2)
    client = client_of(lead)
    client.post(reverse("delete_protocol", args=[protocol.pk]))
    assert Protocol.objects.exists()  # it works
    client.post(reverse("stop_protocol", args=[protocol.pk]))
    assert {part.status for part in protocol.parts.all()} == {JobStatus.STOPPED}
    assert Protocol.objects.get().can_be_resumed
    client.post(reverse("delete_protocol", args=[protocol.pk]))
    assert not Protocol.objects.exists()
    verbs = Event.objects.filter(noun="protocol").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["train", "stop", "delete"]


def test_limits_of_the_installation_count_protocols(release, lead, unsent):
    Installation.objects.update_or_create(pk=Installation.load().pk, defaults={"runs_at_once": 1})
    request(lead, release)
    with pytest.raises(UserError, match="at once"):
        TrainingRun.request(lead, release, "hard-text")
    with pytest.raises(UserError, match="at once"):
        request(lead, release)
    with pytest.raises(UserError, match="the limit is 3000"):
        Protocol.request(lead, release, VALUES, 3001)


# --- forms ---------------------------------------------------------------------------------------


def test_the_form_starts_what_it_shows(release, lead, client_of, corpus, unsent):
    client, address = client_of(lead), reverse("new_protocol", args=[corpus.pk])
    assert client.get(address).status_code == 200
    tuned = {"trials": 2, "learning_rates": "0.001，0.003", "train_shares": "50 100%",
             "missing": ["audio"], "noise": "0.5", "reference": "bc-lstm"}  # fmt: skip
    sent = fields(release, **tuned)
    plan = client.get(reverse("protocol_plan", args=[corpus.pk]), sent).content.decode()
    assert "<b>24</b>" in plan and "2 × 3 × 2 × 2" in plan and "up to 12" in plan
    file = client.post(address, {**sent, "do": "file"})
    assert file["Content-Type"].startswith("application/toml") and not Protocol.objects.exists()
    response = client.post(address, sent)
    protocol = Protocol.objects.get()
    assert response.url == protocol.page_url and (protocol.runs, protocol.trials) == (24, 12)
    assert protocol.specification == {
        "name": "Words alone", "seeds": 2, "reference": "bc-lstm", "train_shares": [0.5, 1.0],
        "recipe": {"on_failure": "fail", "modalities": ["text"]},
        "splits": {"by": "folds", "folds": 3},
        "tuning": {"trials": 2, "space": {"learning_rate": [0.001, 0.003],
                                          "dropout": [0.1, 0.3, 0.5]}},
        "robustness": {"missing": ["audio"], "noise": [0.5]},
        "systems": [{"recipe": "hard-text"}, {"recipe": "bc-lstm"}],
    } | {"tuning": protocol.specification["tuning"]}  # fmt: skip
    assert protocol.specification["tuning"]["space"]["learning_rate"] == [0.001, 0.003]
    assert read_protocol(lead, corpus, file.content.decode())[2] == protocol.specification
    listed = client.get(reverse("runs", args=[corpus.pk]) + "?view=protocols").content.decode()
    assert "Words alone" in listed


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"recipes": []}, "This field is required."),
        ({"name": ""}, "This field is required."),
        ({"train_shares": "50, lots"}, "“lots” is no number from 0.1 to 100."),
        ({"trials": 3, "learning_rates": "", "dropouts": "", "widths": ""}, "Name values"),
        ({"splits": "release"}, "Choose the release that is tested on."),
        ({"splits": "speaker", "least": 999}, "speakers of the release have 999 labelled"),
        ({"folds": 50}, "50 folds need as many labelled dialogues"),
        ({"reference": "qin"}, "It is not among the chosen systems."),
        ({"text_layer": "6"}, "It needs an encoder"),
    ],
)
def test_errors_of_the_form_say_what_was_expected(release, lead, client_of, corpus, sent, said):
    address = reverse("new_protocol", args=[corpus.pk])
    page = client_of(lead).post(address, fields(release, **sent)).content.decode()
    assert said in page and not Protocol.objects.exists()


def test_values_of_another_scheme_are_mapped_in_the_form(release, lead, client_of, corpus, unsent):
    second = make_corpus(lead, name="Second")
    other = make_release(second, [make_judged_round(second, dialogues=6)])
    rename_value(other, "joy", "delight")
    client, address = client_of(lead), reverse("new_protocol", args=[corpus.pk])
    part_address = reverse("protocol_labels", args=[corpus.pk])
    sent = fields(release, splits="release", test_release=other.pk)
    part = client.get(part_address, sent).content.decode()
    (name,) = re.findall(r'<select name="(label-[\d-]+)"', part)
    assert "<select" not in client.get(part_address, fields(release)).content.decode()
    refused = client.post(address, {**sent, name: "no such value"}).content.decode()
    assert "Select a valid choice" in refused and not Protocol.objects.exists()
    client.post(address, {**sent, name: "joy"})
    protocol = Protocol.objects.get()
    assert protocol.specification["labels"] == {"emotion": {"delight": "joy"}}
    assert read_protocol(lead, corpus, shown_file(protocol))[2] == protocol.specification


def test_a_file_starts_the_same(release, lead, client_of, corpus, unsent):
    client, address = client_of(lead), reverse("new_protocol", args=[corpus.pk]) + "?from=file"
    assert "release = &quot;1.0.0&quot;" in client.get(address).content.decode()
    checked = client.post(address, {"text": TEXT, "at_once": 1, "do": "check"}).content.decode()
    assert "1 × 1 × 1 × 1" in checked and not Protocol.objects.exists()
    file = SimpleUploadedFile("experiment.toml", TEXT.encode())
    client.post(address, {"file": file, "at_once": 3})
    protocol = Protocol.objects.get()
    assert protocol.name == "From a file" and protocol.parts.count() == 1  # there is one run
    _, other, values = read_protocol(lead, corpus, shown_file(protocol))
    assert other is None and values == protocol.specification
    assert str(release.directory) in learner_file(protocol)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"hard-text"', '"/etc/passwd"', "There is no recipe &quot;/etc/passwd&quot;"),
        ('"hard-text"', '"../recipe.json"', "There is no recipe"),
        ('["text"]', '["text"]\ntext_encoder = "/etc"', "recipe.text_encoder must be one of"),
        ('["text"]', '["text"]\ntext_features = "../x"', "recipe.text_features must be one of"),
        ('["text"]', '["text"]\nface_detector = "a"', "recipe.face_detector: no file"),
        ('"hard-text"', '"hard-text"\ntext_encoder = "a/b"', "systems 1.text_encoder must be"),
        ('"hard-text"', '"hard-text"\nprecision = "/etc/x"', "systems 1.precision: no file"),
        ('"hard-text"\n', '"hard-text"\n[tuning]\ntrials=2\nspace={text_encoder=["/a","/b"]}',
         "tuning.space.text_encoder must be one of"),
        ('release = "1.0.0"', 'release = "/etc"', "release must be the version of a frozen"),
        ('release = "1.0.0"', 'release = "1.0.0"\ntest_release = "Other@1.0.0"',
         "test_release must be the version"),
        ('release = "1.0.0"', 'release = 3', "not “3”"),
        ('release = "1.0.0"', 'release = "1.0.0"\nseedz = 3', "There is no &quot;seedz&quot;"),
        ('release = "1.0.0"', 'release = "1.0.0"\nseeds = "many"', "seeds must be a number"),
        ("[recipe]", "[recipe", "It is no TOML"),
        ("[recipe]", "x = " + "[" * 5000, "It is no TOML"),
        ("[recipe]", "#" * 70_000 + "\n[recipe]", "larger than 64 kB"),
    ],
)  # fmt: skip
def test_a_file_names_no_file_of_the_server(release, lead, client_of, corpus, old, new, said):
    address = reverse("new_protocol", args=[corpus.pk]) + "?from=file"
    make_release_of_another_lead()
    sent = {"text": TEXT.replace(old, new, 1), "at_once": 1}
    page = client_of(lead).post(address, sent).content.decode()
    errors = re.search(r'role="alert">(.*?)</div>', page, re.DOTALL)
    found = errors[1].replace("&#x27;", "'") if errors else page[-3000:]
    assert said in found and not Protocol.objects.exists()


def make_release_of_another_lead():
    """Which can be named by nobody else."""
    other = make_corpus(make_person(), name="Other")
    return make_release(other, [make_judged_round(other, dialogues=3)])


def test_encoders_are_named_as_the_installation_calls_them(
    release, lead, corpus, settings, tmp_path, unsent
):
    settings.ENCODERS_DIR = tmp_path
    make_encoder("bert", tmp_path / "tiny")
    text = TEXT.replace('["text"]', '["text"]\ntext_encoder = "tiny"')
    wanted = read_protocol(lead, corpus, text)
    plan = plan_of(*wanted)
    protocol = Protocol.request(lead, wanted[0], wanted[2], plan.runs)
    assert f'text_encoder = "{tmp_path}/tiny"' in learner_file(protocol)
    assert 'text_encoder = "tiny"' in shown_file(protocol)


def test_another_release_is_tested_on(release, lead, corpus, client_of, unsent):
    second = make_corpus(lead, name="Second")
    other = make_release(second, [make_judged_round(second, dialogues=6)])
    sent = fields(release, splits="release", test_release=other.pk)
    client_of(lead).post(reverse("new_protocol", args=[corpus.pk]), sent)
    protocol = Protocol.objects.get()
    assert protocol.test_release == other and protocol.runs == 4
    assert Protocol.objects.test_evaluations(release) == 0
    assert 'test_release = "Second@1.0.0"' in shown_file(protocol)
    colleague = make_member(corpus, "lead")  # leads the first corpus alone
    assert client_of(colleague).get(protocol.page_url).status_code == 404
    protocol.directory.mkdir(parents=True)
    assert protocol.directory in [folder for _, folder in second.places()]
    delete_hanging(second)
    protocol = Protocol.objects.get()
    assert protocol.test_release is None
    with pytest.raises(UserError, match="deleted with its corpus"):
        protocol.resume_by(lead)
    delete_hanging(corpus)
    assert not Protocol.objects.exists() and not ProtocolPart.objects.exists()


# --- who sees it ---------------------------------------------------------------------------------

POSTS = ("stop_protocol", "resume_protocol", "report_protocol", "delete_protocol")


def test_leads_alone_see_protocols(release, lead, corpus, client_of):
    protocol = make_protocol(lead, release)
    pages = [reverse(name, args=[protocol.pk]) for name in ("protocol", "protocol_progress")]
    pages += [reverse("protocol_file", args=[protocol.pk, "report.html"])]
    pages += [reverse(name, args=[corpus.pk]) for name in ("new_protocol", "protocol_plan")]
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        client = client_of(person)
        assert {client.get(page).status_code for page in pages} == {404}
        for name in POSTS:
            assert client.post(reverse(name, args=[protocol.pk])).status_code == 404
        assert client.post(pages[3], fields(release)).status_code == 404
    client = client_of(make_member(corpus, "lead"))
    assert {client.get(page).status_code for page in pages} == {200}


def test_a_lead_who_annotates_blind_sees_no_result(lead, corpus, client_of):
    judged = make_judged_round(corpus, dialogues=6)
    judged.close(lead)
    release = make_release(corpus, [judged])
    utterance = corpus.dialogues.first().utterances.first()
    protocol = make_protocol(lead, release, utterance)
    blind = make_member(corpus, "lead")
    make_round(corpus, [blind, make_member(corpus)], dialogues=list(corpus.dialogues.all()[:1]))
    client, address = client_of(blind), reverse("protocol", args=[protocol.pk])
    for tab in ("", "?tab=failures", "?tab=runs", "?tab=metrics", "?tab=setup"):
        page = client.get(address + tab).content.decode()
        assert "Results are withheld." in page
        for secret in ("61.0", "62.5", utterance.text, "We compared", "report.html"):
            assert secret not in page, (tab, secret)
    assert (
        "61.0" not in client.get(reverse("protocol_progress", args=[protocol.pk])).content.decode()
    )
    for name in (*REPORT_FILES, "experiment.toml"):
        assert client.get(reverse("protocol_file", args=[protocol.pk, name])).status_code == 403
    seen = client_of(lead).get(address + "?tab=failures").content.decode()
    assert utterance.text in seen
    overview = client_of(lead).get(address).content.decode()
    assert "+1.5" in overview and "p = 0.021" in overview and "not done yet" in overview
