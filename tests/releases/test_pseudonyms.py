import json

import pytest
from django.urls import reverse

from annotation.models import Round
from corpus.models import Speaker, Utterance
from people.models import Event
from releases import personal_data
from releases.models import PersonalDataReview, PseudonymKey
from tests.factories import (
    make_corpus,
    make_judged_round,
    make_member,
    make_release,
    search_for_personal_data,
)

pytestmark = pytest.mark.django_db


def rows_of(release, name="utterances.jsonl"):
    return [json.loads(line) for line in (release.directory / name).read_text("utf-8").splitlines()]


def everything(release):
    return b"".join(path.read_bytes() for path in release.directory.rglob("*") if path.is_file())


def test_pseudonyms_are_the_same_in_every_version_and_tell_nobody(corpus):
    judged = make_judged_round(corpus)
    one, two = make_release(corpus, [judged]), make_release(corpus, [judged], "1.1.0")
    names = [{row["annotator"] for row in rows_of(r, "judgements.jsonl")} for r in (one, two)]
    assert names[0] == names[1] and len(names[0]) == 2
    key = PseudonymKey.of(corpus)
    assert key.key.encode() not in everything(one)
    person = judged.participants.first().person
    assert key.annotator(person) in names[0]
    assert PseudonymKey.of(make_corpus()).annotator(person) not in names[0]
    assert person.username.encode() not in everything(one)


def test_speakers_by_pseudonyms(corpus):
    judged = make_judged_round(corpus)
    Speaker.objects.filter(name="A").update(pseudonym="甲", traits={"gender": "female"})
    release = make_release(corpus, [judged], speakers="pseudonyms")
    rows = rows_of(release)
    who = {row["speaker"]: row["traits"] for row in rows}
    assert who["甲"] == {"gender": "female"} and len(who) == 2
    assert all(name == "甲" or name.startswith("S-") for name in who)
    named = rows_of(make_release(corpus, [judged], "1.1.0"))
    assert {row["speaker"] for row in named} == {"A", "B"}


def test_what_looks_private_is_masked_unless_somebody_cleared_it(corpus, client_of, lead):
    judged = make_judged_round(corpus)
    phone, mail, hotline = Utterance.objects.order_by("pk")[:3]
    Utterance.objects.filter(pk=phone.pk).update(text="打13812345678")
    Utterance.objects.filter(pk=mail.pk).update(translation="write to a@b.cn")
    Utterance.objects.filter(pk=hotline.pk).update(text="拨010-62751234")
    client, address = client_of(lead), reverse("personal_data", args=[corpus.pk])
    search_for_personal_data(corpus)
    page = client.get(address).content.decode()
    for words in ("13812345678", "a@b.cn", "010-62751234"):
        assert f"<mark>{words}</mark>" in page
    say = reverse("personal_data_review", args=[hotline.pk])
    form = {"words": "010-62751234", "outcome": "keep", "from": "0"}
    for _twice in range(2):
        assert client.post(say, form).status_code == 302
    assert PersonalDataReview.objects.count() == Event.objects.filter(verb="review").count() == 1
    assert client.post(say, form | {"words": "x"}).status_code == 404
    assert client_of(make_member(corpus)).post(say, form).status_code == 404
    assert client_of(make_member(corpus)).get(address).status_code == 404
    release = make_release(corpus, [judged])
    rows = {row["id"]: row for row in rows_of(release)}
    assert rows[phone.uid]["text"] == "打〔phone〕"
    assert rows[mail.uid]["translation"] == "write to 〔email〕"
    assert rows[hotline.uid]["text"] == "拨010-62751234"
    assert release.summary["masked"] == {"email": 1, "phone": 1}
    assert b"13812345678" not in everything(release) and b"a@b.cn" not in everything(release)
    client.post(say, form | {"outcome": "mask"})
    again = make_release(corpus, [judged], "1.1.0")
    assert again.summary["masked"] == {"email": 1, "phone": 2}


def test_the_list_goes_on_where_a_page_ends(corpus, client_of, lead, monkeypatch):
    make_judged_round(corpus, dialogues=3)
    Utterance.objects.update(text="打13812345678")
    search_for_personal_data(corpus)
    monkeypatch.setattr("releases.views.personal_data.SIZE", 2)
    client, address, seen = client_of(lead), reverse("personal_data", args=[corpus.pk]), 0
    start = 0
    while start is not None:
        page = client.get(f"{address}?from={start}")
        seen += page.content.decode().count("<mark>")
        start = page.context["next"]
    assert seen == 6


def test_an_imported_address_is_no_pseudonym(corpus):
    """Names of annotators of other tools may be e-mail addresses."""
    judged = make_judged_round(corpus)
    person = judged.participants.first().person
    person.username = f"imported-{corpus.pk}-wang@b.cn"
    person.save()
    assert b"wang@b.cn" not in everything(make_release(corpus, [judged]))
    assert Round.objects.count() == 1 and personal_data.KINDS


def test_a_release_without_names_of_files_outside(corpus):
    release = make_release(corpus, [make_judged_round(corpus)])
    assert str(release.directory).encode() not in everything(release)
