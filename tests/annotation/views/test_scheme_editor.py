"""Pages of schemes: drawing up a version, its preview, comparison and files."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotation.models import Guideline, SchemeVersion
from annotation.scheme import DEFAULT, FULL, Scheme
from annotation.scheme_form import fields_of
from tests.factories import make_corpus, make_dialogue, make_member, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(corpus):
    changed = DEFAULT.to_json()
    changed[2]["names"]["en"] = "irony"
    changed[3]["only_if"] = {"sarcasm": ["yes"]}
    changed[1]["values"][0]["colour"] = "teal"
    later = Scheme.from_json([*changed, *FULL.to_json()[6:7]], DEFAULT.rules_to_json()[1:])
    return SchemeVersion.of(corpus), SchemeVersion.of(corpus, later, note="with pride")


def test_a_version_is_drawn_up(corpus, lead, client_of):
    page, client = reverse("new_scheme", args=[corpus.pk]), client_of(lead)
    assert client.get(f"{page}?from=full").context["form"].scheme == FULL
    data = fields_of(DEFAULT)
    data["note"] = "as it is"
    answer = client.post(page, dict(data.lists()) | {"do": "remove task 6"})
    assert answer.status_code == 200 and len(answer.context["form"].tasks) == 5
    assert not corpus.schemes.exists()
    assert client.post(page, dict(data.lists())).status_code == 302
    assert corpus.schemes.get().scheme == DEFAULT and corpus.schemes.get().note == "as it is"


def test_the_preview_shows_questions_changes_or_what_to_correct(versions, corpus, lead, client_of):
    page, client = reverse("scheme_preview", args=[corpus.pk]), client_of(lead)
    data = fields_of(versions[0].scheme)
    data["base"] = "1"
    data["t1-en"] = "polarity"
    text = client.post(page, dict(data.lists())).content.decode()
    assert "“sentiment” → “polarity”" in text and 'data-task="sarcasm_humor"' in text
    data["t1-en"] = ""
    text = client.post(page, dict(data.lists())).content.decode()
    assert 'data-field="id_t1-en"' in text and "data-task" not in text


def test_versions_are_compared_in_words(versions, corpus, lead, client_of):
    page = reverse("scheme_comparison", args=[corpus.pk])
    text = client_of(lead).get(f"{page}?from=1&to=2").content.decode()
    for part in (
        "Task added, with 2 values.",
        "English name: “sarcasm” → “irony”.",
        "Asked: always → only if irony is yes.",
        "Colour of “joy” changed.",
        "Removed: “A positive sentiment",
    ):
        assert part in text
    assert "ask the same questions" in client_of(lead).get(f"{page}?from=2&to=2").content.decode()


def test_a_version_is_read_downloaded_and_imported(versions, corpus, lead, client_of):
    client = client_of(lead)
    shown = client.get(reverse("scheme", args=[corpus.pk, 2]))
    assert "only if irony is yes" in shown.content.decode()
    file = client.get(reverse("scheme_file", args=[corpus.pk, 2])).content
    assert json.loads(file)["tasks"] == versions[1].tasks
    page = reverse("new_scheme", args=[corpus.pk])
    sent = client.post(page, {"base": "1", "file": SimpleUploadedFile("scheme.json", file)})
    assert sent.context["form"].scheme == versions[1].scheme and corpus.schemes.count() == 2


@pytest.mark.parametrize(
    ("file", "part"),
    [
        (b"{", "is not JSON"),
        (b"{}", "expected an object with the list"),
        (b'{"tasks": ["x"]}', "cannot be read"),
        (json.dumps({"tasks": [DEFAULT.to_json()[0] | {"scale": "loud"}]}).encode(), "no scale"),
        (json.dumps({"tasks": [DEFAULT.to_json()[0] | {"names": "x"}]}).encode(), "no names"),
        (b" " * 200_001, "too large"),
    ],
)
def test_a_file_that_is_no_scheme_is_refused_in_words(file, part, corpus, lead, client_of):
    page = reverse("new_scheme", args=[corpus.pk])
    sent = client_of(lead).post(page, {"file": SimpleUploadedFile("scheme.json", file)})
    assert sent.status_code == 200 and part in sent.content.decode()


def test_schemes_of_other_corpora_are_offered_to_whoever_leads_them(corpus, lead, client_of):
    own = SchemeVersion.of(make_corpus(lead, name="mine"), FULL)
    foreign = SchemeVersion.of(make_corpus(make_person()), FULL)
    page = reverse("new_scheme", args=[corpus.pk])
    assert f"from=other-{own.pk}" in client_of(lead).get(page).content.decode()
    assert client_of(lead).get(f"{page}?from=other-{own.pk}").context["form"].scheme == FULL
    assert client_of(lead).get(f"{page}?from=other-{foreign.pk}").context["form"].scheme == DEFAULT


def test_guidelines_are_compared_by_section(corpus, lead, client_of):
    Guideline.draw_up(lead, corpus, "# A\n\nold line\n\n# B\n\ngone")
    Guideline.draw_up(lead, corpus, "# A\n\nnew line\n\n# C\n\nfresh")
    page = client_of(lead).get(reverse("guideline_comparison", args=[corpus.pk]))
    found = [(each.what, each.title) for each in page.context["changes"]]
    assert found == [("changed", "A"), ("added", "C"), ("removed", "B")]
    assert "<ins>new line</ins>" in page.content.decode()
    stranger = make_member(corpus)
    assert (
        client_of(stranger).get(reverse("scheme_comparison", args=[corpus.pk])).status_code == 404
    )


def test_a_guideline_is_previewed_and_its_examples_lead_to_their_clips(corpus, lead, client_of):
    utterance = make_dialogue(corpus).utterances.first()
    client = client_of(lead)
    first = Guideline.draw_up(lead, corpus, "# A\n\nwords")
    page = client.post(
        reverse("guideline_preview", args=[corpus.pk]),
        {"text": "# A\r\n\r\n**other** <b>words</b>"},
    ).content.decode()
    assert "<strong>other</strong>" in page and "1 section differs" in page and "<b>" not in page
    task = DEFAULT["emotion"]
    made = Guideline.add_example(lead, corpus, utterance, task, task.values[0], "because")
    link = f"{reverse('dialogue', args=[utterance.dialogue_id])}#u{utterance.pk}"
    assert link in client.get(reverse("guideline", args=[made.pk])).content.decode()
    assert link not in client.get(reverse("guideline", args=[first.pk])).content.decode()
