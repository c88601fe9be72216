"""Normalised columns are right after every way in which rows are written."""

import pytest
from django.core.management import call_command
from django.db.models import F, Value
from django.db.models.functions import Concat

from core.batches import create
from core.normalization import normalized, search_key
from corpus.bulk_edits import assign_speaker
from corpus.formats import Row, Table
from corpus.models import Dialogue, Source, Speaker, Utterance
from corpus.search import search_page
from corpus.table_import import store
from tests.factories import make_dialogue

pytestmark = pytest.mark.django_db


def assert_all_right():
    """Every normalised column of every row is what it should be."""
    rows = [*Utterance.all_objects.values_list("text", "search")]
    rows += Dialogue.objects.values_list("uid", "search")
    rows += Source.objects.values_list("title", "search")
    assert rows and all(search == search_key(text) for text, search in rows), rows
    for speaker in Speaker.all_objects.all():
        assert speaker.identity == normalized(speaker.name)
        assert speaker.search == search_key(speaker.name)
        assert speaker.pseudonym_search == search_key(speaker.pseudonym)


def hits(words, **options):
    return [row.text for row in search_page(Utterance.objects.all(), words, 0, 100, **options)]


def test_saving(corpus):
    dialogue = make_dialogue(corpus, uid="Ｄ軟１")
    row = dialogue.utterances.first()
    row.text = "剪頭髮"
    row.save()
    assert hits("头发") == ["剪頭髮"] and hits("头发", exact=True) == []
    row.text = "ＯＫ嗎"
    row.save(update_fields=["text"])
    assert hits("ok吗") == ["ＯＫ嗎"] == hits("ＯＫ", exact=True) and hits("头发") == []
    row.number = 7
    row.save(update_fields=["number"])
    assert hits("ok吗") == ["ＯＫ嗎"]
    part = Utterance.objects.only("pk", "number").get(pk=row.pk)
    part.number = 8
    part.save()
    made, _ = Utterance.objects.update_or_create(pk=row.pk, defaults={"text": "ﬁn"})
    assert hits("fin") == ["ﬁn"]
    assert_all_right()


def test_many_at_once(corpus):
    dialogue = make_dialogue(corpus, size=3)
    rows = list(dialogue.utterances.all())
    for row in rows:
        row.text = f"第{row.number}個裡"
    Utterance.objects.bulk_update(rows, ["text"])
    assert hits("个里") == [row.text for row in rows]
    Utterance.objects.filter(pk=rows[0].pk).update(text="軟件")
    Utterance.all_objects.filter(pk=rows[1].pk).update(text="頭髮", machine=True)
    dialogue.utterances.filter(pk=rows[2].pk).update(text="後")
    assert hits("软件") == ["軟件"] and hits("头发") == ["頭髮"] and hits("后") == ["後"]
    more = [
        Utterance(corpus=corpus, dialogue=dialogue, number=n, uid=f"new{n}", text="ｶﾞ")
        for n in range(10, 13)
    ]
    create(Utterance, more)
    assert hits("ガ") == ["ｶﾞ"] * 3
    for row in more:
        row.text = "裏"
    conflict = {"update_conflicts": True, "unique_fields": ["dialogue", "uid"]}
    more = [
        Utterance(corpus=corpus, dialogue=dialogue, number=n, uid=f"new{n}", text="裏")
        for n in range(10, 13)
    ]
    Utterance.objects.bulk_create(more, update_fields=["text"], **conflict)
    assert hits("里") == ["裏"] * 3 and hits("ガ") == []
    assert_all_right()


def test_an_expression_is_refused_because_it_cannot_be_normalised(corpus):
    make_dialogue(corpus)
    with pytest.raises(TypeError, match="search is made from text"):
        Utterance.objects.update(text=Concat(F("text"), Value("。")))
    Speaker.objects.filter(pk=Speaker.objects.first().pk).update(name="Ｘ", pseudonym="Ｓ")
    assert_all_right()


def test_revisions_imports_and_speakers(corpus, lead, tmp_path):
    dialogue = make_dialogue(corpus, published=False)
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["text"] = "軟件"
    rows.append(rows[1] | {"uid": None, "text": "頭髮", "start": None, "end": None})
    dialogue.edit(lead, dialogue.head, rows)
    assert hits("软件") == ["軟件"] and hits("头发") == ["頭髮"]
    dialogue.undo(lead, dialogue.head)
    assert hits("软件") == [] == hits("头发")
    dialogue.redo(lead, dialogue.head)
    dialogue.publish(lead)
    other = Speaker.get_or_create_by_name(corpus.pk, ["Ｌｉｓａ"])["Ｌｉｓａ"]
    assign_speaker(dialogue.utterances.all(), other, lead)
    dialogue.publish_revision(lead)
    table = Table(rows=[Row(2, "Ｄ１", "u1", "張\u200b三", "那裡", None, None, {})])
    store(corpus, tmp_path / "軟.csv", table)
    assert hits("那里") == ["那裡"] and hits("软件") == ["軟件"]
    other.update_details(lead, "Ｌｉｌｙ", "Ｓ９", {})
    Speaker.pseudonymise(lead, corpus)
    other.merge(lead, corpus.speakers.exclude(pk=other.pk).first())
    assert_all_right()


def test_a_dump_that_is_loaded(corpus, tmp_path):
    dialogue = make_dialogue(corpus)
    Utterance.objects.filter(pk=dialogue.utterances.first().pk).update(text="軟件")
    call_command("dumpdata", "corpus.utterance", output=str(tmp_path / "rows.json"), verbosity=0)
    Utterance.all_objects.filter(dialogue=dialogue).update(text="别的")
    call_command("loaddata", str(tmp_path / "rows.json"), verbosity=0)
    assert hits("软件") == ["軟件"]
    assert_all_right()
