"""What is sent compressed, and what is not."""

import gzip

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from tests.factories import make_corpus, make_dialogue, make_person

pytestmark = pytest.mark.django_db
TAKES_GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def lead():
    return make_person("lead")


@pytest.fixture
def corpus(lead):
    return make_corpus(lead)


def test_a_page_is_a_quarter_of_its_size_for_whoever_takes_it_compressed(client_of, lead, corpus):
    client, address = client_of(lead), reverse("corpus", args=[corpus.pk])
    plain = client.get(address)
    assert "Content-Encoding" not in plain
    sent = client.get(address, headers=TAKES_GZIP)
    assert sent["Content-Encoding"] == "gzip" and "Accept-Encoding" in sent["Vary"]
    assert len(sent.content) < len(plain.content) / 4
    assert "</html>" in gzip.decompress(sent.content).decode()


@pytest.mark.one_database
def test_lengths_of_the_same_page_differ(client_of, lead, corpus):
    """So that they say nothing of a secret in it."""
    client, address = client_of(lead), reverse("corpus", args=[corpus.pk])
    lengths = {len(client.get(address, headers=TAKES_GZIP).content) for _ in range(20)}
    assert len(lengths) > 5


def test_media_and_short_answers_are_sent_as_they_are(client_of, lead, corpus):
    dialogue = make_dialogue(corpus)
    dialogue.clip.save("clip.mp4", ContentFile(bytes(5000)))
    dialogue.peaks.save("peaks.json", ContentFile(b"[0,0,0,0]" * 100))
    client = client_of(lead)
    for name in ("clip", "peaks"):
        address = reverse("dialogue_media", args=[dialogue.pk, name])
        whole = client.get(address, headers=TAKES_GZIP)
        assert "Content-Encoding" not in whole and whole["Accept-Ranges"] == "bytes"
        part = client.get(address, headers=TAKES_GZIP | {"Range": "bytes=10-19"})
        assert part.status_code == 206 and len(part.getvalue()) == 10
    short = client.get("/health/live/", headers=TAKES_GZIP)
    assert "Content-Encoding" not in short


def test_lines_are_compressed_while_they_are_streamed(client_of, lead, corpus):
    make_dialogue(corpus)
    address = reverse("audit_log_jsonl", args=[corpus.pk])
    client = client_of(lead)
    plain = client.get(address).getvalue()
    sent = client.get(address, headers=TAKES_GZIP)
    assert sent.streaming and sent["Content-Encoding"] == "gzip"
    assert gzip.decompress(sent.getvalue()) == plain


def test_the_tag_of_a_compressed_answer_names_the_same_state(client_of, lead, corpus):
    corpus.description = "long enough to be shorter when it is compressed. " * 20
    corpus.save()
    client, address = client_of(lead), reverse("api_corpus", args=[corpus.pk])
    sent = client.get(address, headers=TAKES_GZIP)
    assert sent["Content-Encoding"] == "gzip" and sent["ETag"].startswith('W/"')
    seen = client.get(address, headers=TAKES_GZIP | {"If-None-Match": sent["ETag"]})
    assert seen.status_code == 304
    for name, status in (("first", 200), ("second", 412)):
        changed = client.patch(
            address, {"name": name}, "application/json", headers={"If-Match": sent["ETag"]}
        )
        assert changed.status_code == status, changed.content
