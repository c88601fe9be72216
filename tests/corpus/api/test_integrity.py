"""The integrity check of a corpus by the API: as on its page, withheld as on its page."""

import pytest

from corpus.models import ClipRecut, IntegrityCheck, IntegrityReport, Utterance
from people.models import Event
from tests.factories import make_dialogue, make_member, make_person, open_round
from tests.scripts import rows, script_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


@pytest.fixture
def here(corpus):
    return f"/api/corpora/{corpus.pk}/integrity/"


def listed(script, here):
    """The report, once its worker has made it."""
    script.get(here)
    IntegrityReport.objects.get().run()
    return script.get(here).json()


def test_issues_are_read_and_listed_anew(script, corpus, here):
    first, second = make_dialogue(corpus, size=3), make_dialogue(corpus, size=3)
    begun = script.get(here).json()
    assert begun["state"] == "queued" and begun["listed_at"] is None and begun["issues"] == {}
    assert script.get(begun["job"]).json()["kind"] == "integrityreport"
    assert listed(script, here)["issues"] == {"repeated": 1}
    [issue] = rows(script, f"{here}issues/")
    assert issue["dialogue"] == second.pk and issue["other"] == first.pk
    assert issue["name"] == "duplicate dialogue" and issue["detail"] == first.uid
    Utterance.objects.filter(dialogue=first).update(text="", end=0.1)
    job = send(script, f"{here}reports/")
    assert job.status_code == 202 and job.json()["state"] == "queued"
    assert Event.objects.filter(verb="list issues", noun_id=corpus.pk).count() == 1
    IntegrityReport.objects.get().run()
    report = script.get(here).json()
    assert report["issues"]["wordless"] == 3 and "repeated" not in report["issues"]
    assert {row["kind"] for row in rows(script, f"{here}issues/?kind=wordless")} == {"wordless"}
    page = script.get(f"{here}issues/?limit=2").json()
    assert len(page["results"]) == 2 and page["next"]
    assert script.get(f"{here}issues/?kind=nonsense").status_code == 400


def test_kinds_are_named_in_the_language_of_the_reader(script, corpus, here):
    Utterance.objects.filter(pk=make_dialogue(corpus).utterances.first().pk).update(text="")
    listed(script, here)
    answer = script.get(f"{here}issues/", headers={"accept-language": "zh-hans"})
    assert answer.json()["results"][0]["name"] == "没有文字"


@pytest.mark.parametrize("role", ["annotator", "adjudicator", None])
def test_only_leads_meet_it(script, corpus, here, role):
    other = script_of(make_member(corpus, role) if role else make_person())
    for place in ("", "issues/", "recuts/"):
        assert other.get(here + place).status_code == 404
    for place in ("reports/", "checks/", "recuts/"):
        assert send(other, here + place).status_code == 404
    assert not IntegrityReport.objects.exists()


def test_who_annotates_blind_meets_nothing_of_what_is_withheld(corpus, here):
    lead = make_member(corpus, "lead")
    hidden, seen = make_dialogue(corpus, size=3), make_dialogue(corpus, size=3)
    unlike = make_dialogue(corpus)
    unlike.utterances.update(text="")
    open_round(corpus, [lead], dialogues=corpus.dialogues.filter(pk=hidden.pk), view="audio")
    hidden.utterances.filter(number=1).update(end=2.5)  # an overlap
    report = listed(script_of(corpus.owner), here)
    assert report["issues"].keys() == {"overlap", "repeated", "wordless"} and not report["withheld"]
    own = script_of(lead)
    report = own.get(here).json()
    assert report["issues"] == {"wordless": unlike.utterances.count()}
    assert "Withheld from you for now" in report["withheld"]
    assert {row["dialogue"] for row in rows(own, f"{here}issues/")} == {unlike.pk}
    assert seen.is_published


def test_an_archived_corpus_is_read_and_not_listed_anew(script, corpus, here, lead):
    make_dialogue(corpus)
    listed(script, here)
    corpus.archive(lead)
    assert script.get(here).status_code == 200
    assert send(script, f"{here}reports/").status_code == 403


def test_clips_are_compared_and_cut_again(script, corpus, here):
    make_dialogue(corpus)
    job = send(script, f"{here}checks/")
    assert job.status_code == 202 and job.json()["kind"] == "integritycheck"
    assert script.get(job.json()["url"]).json()["state"] == "queued"
    IntegrityCheck.objects.update(status="done")
    nothing = send(script, f"{here}recuts/")
    assert nothing.status_code == 409 and not ClipRecut.objects.exists()


def test_what_cutting_again_would_do(script, corpus, here):
    nothing = {"dialogues": [], "impossible": [], "skipped": []}
    assert script.get(f"{here}recuts/").json() == nothing
    dialogue = make_dialogue(corpus)
    dialogue.clip = f"clips/{corpus.pk}/gone.mp4"
    dialogue.save()
    found = script.get(f"{here}recuts/").json()
    [row] = found["impossible"]
    assert row["dialogue"] == dialogue.uid and row["why"] and not found["dialogues"]
    why = {"template": "busy with “%(source)s”", "values": {"source": "e1"}}
    skipped = [{"dialogue": dialogue.uid, **why}]
    ClipRecut.objects.create(corpus=corpus, status="done", skipped=skipped)
    found = script.get(f"{here}recuts/").json()
    assert found["skipped"] == [{"dialogue": dialogue.uid, "why": "busy with “e1”"}]
