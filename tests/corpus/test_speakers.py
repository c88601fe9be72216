"""One speaker a name, however the name is spelt."""

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.urls import reverse

from core.errors import UserError
from corpus.formats import Row, Table
from corpus.models import Speaker
from corpus.table_import import store
from jobs.models import JobStatus
from tests.factories import make_corpus, make_dialogue

pytestmark = pytest.mark.django_db

SRT = """1
00:00:00,500 --> 00:00:01,500
Ｍａｒｙ：你好！

2
00:00:01,600 --> 00:00:02,600
Mary：真巧啊。

3
00:00:02,700 --> 00:00:03,700
MARY：又是你。

4
00:00:04,000 --> 00:00:05,000
Lisa：你好！
"""


def spellings(source):
    found = source.import_problems.filter(column="speaker").values_list("line", "value", "outcome")
    return list(found)


def imported(corpus, tmp_path, *names, **fields):
    rows = [
        Row(line, f"D{tmp_path.name}", f"u{line}", name, "好", None, None, {})
        for line, name in enumerate(names, 2)
    ]
    path = tmp_path / f"{len(corpus.sources.all())}.csv"
    source, _places = store(corpus, path, Table(rows=rows, **fields))
    return source


def spoken(source):
    return [u.speaker and u.speaker.name for u in source.dialogues.get().utterances.all()]


def test_a_table_with_many_spellings_has_one_speaker(corpus, tmp_path):
    names = [
        "张三",
        " 张三 ",
        "张\u200b三",
        "\ufeff张三",
        "Ｍａｒｙ",
        "Mary",
        "MARY",
        "\u200b",
        "",
        "张三",
    ]
    source = imported(corpus, tmp_path, *names)
    assert sorted(corpus.speakers.values_list("name", flat=True)) == ["张三", "Ｍａｒｙ"]
    assert spoken(source) == ["张三"] * 4 + ["Ｍａｒｙ"] * 3 + [None, None, "张三"]
    assert spellings(source) == [
        (3, " 张三 ", "repaired"),
        (4, "张\u200b三", "repaired"),
        (5, "\ufeff张三", "repaired"),
        (7, "Mary", "repaired"),
        (8, "MARY", "repaired"),
        (9, "\u200b", "repaired"),
    ]
    first, *_more, last = source.import_problems.all()
    assert "Another spelling of “张三”" in first.why and "no speaker is named" in last.why


def test_names_that_are_not_the_same_stay_apart(corpus, tmp_path):
    names = ["张三", "張三", "张 三", "Marie", "Marié", "カ", "ガ", "李四", "李四（女）"]
    source = imported(corpus, tmp_path, *names)
    assert spoken(source) == names and spellings(source) == []


def test_a_later_file_finds_the_speakers_of_an_earlier_one(corpus, tmp_path):
    imported(corpus, tmp_path / "a", "Mary", "张三")
    later = imported(corpus, tmp_path / "b", "MARY", "张三")
    assert spoken(later) == ["Mary", "张三"] and spellings(later) == [(2, "MARY", "repaired")]
    assert corpus.speakers.count() == 2
    other = make_corpus()
    assert spoken(imported(other, tmp_path / "c", "MARY")) == ["MARY"]


def test_where_both_spellings_are_there_each_keeps_its_own(corpus, tmp_path):
    Speaker.objects.create(corpus=corpus, name="Mary")
    Speaker.objects.create(corpus=corpus, name="MARY")
    source = imported(corpus, tmp_path, "MARY", "Mary", "mary")
    assert spoken(source) == ["MARY", "Mary", "Mary"]
    assert spellings(source) == [(4, "mary", "repaired")]


def test_a_pseudonym_that_is_another_speakers_costs_no_speaker(corpus, tmp_path):
    Speaker.objects.create(corpus=corpus, name="Anna", pseudonym="S1")
    source = imported(corpus, tmp_path, "S1", "S2", pseudonyms=True)
    assert spoken(source) == ["S1", "S2"]
    assert list(corpus.speakers.order_by("pk").values_list("pseudonym", flat=True)) == [
        "S1",
        "",
        "S2",
    ]


def test_a_transcript_with_many_spellings_has_one_speaker(corpus, film):
    source = corpus.sources.create(title="film")
    with film.open("rb") as file:
        source.media.save("film.mp4", File(file))
    source.transcript.save("film.srt", ContentFile(SRT.encode()))
    source.run()
    assert source.status == JobStatus.DONE, source.failure_text
    assert sorted(corpus.speakers.values_list("name", flat=True)) == ["Lisa", "Ｍａｒｙ"]
    assert [value for _line, value, _outcome in spellings(source)] == ["Mary", "MARY"]


def test_the_editor_and_renaming_know_other_spellings(corpus, lead, client_of):
    mary = Speaker.objects.create(corpus=corpus, name="Mary")
    lisa = Speaker.objects.create(corpus=corpus, name="Lisa")
    client, address = client_of(lead), reverse("new_speaker", args=[corpus.pk])
    assert client.post(address, {"name": " ＭＡＲＹ\u200b"}).json() == {
        "id": mary.pk,
        "name": "Mary",
    }
    assert client.post(address, {"name": "\u200b"}).status_code == 400
    made = client.post(address, {"name": "王\u200b五"}).json()
    assert made["name"] == "王五" and corpus.speakers.count() == 3
    with pytest.raises(UserError, match="“Mary” already"):
        lisa.update_details(lead, "ｍａｒｙ", "", {})
    mary.update_details(lead, "MARY", "", {})
    assert mary.name == "MARY" and mary.identity == "mary"


def test_the_page_finds_names_by_any_spelling(corpus, lead, client_of):
    for name, pseudonym in [("張三", "Ｓ1"), ("张三丰", ""), ("ＭＡＲＹ", "")]:
        Speaker.objects.create(corpus=corpus, name=name, pseudonym=pseudonym)
    client, address = client_of(lead), reverse("speakers", args=[corpus.pk])

    def shown(**asked):
        return [row.name for row in client.get(address, asked).context["table"]]

    assert shown(q="张三") == ["张三丰", "張三"] and shown(q="张三", exact="on") == ["张三丰"]
    assert shown(q="mary") == ["ＭＡＲＹ"] == shown(q="ＭＡ", exact="on")
    assert shown(q="s1") == ["張三"] and shown(q="mary", exact="on") == []
    page = client.get(address, {"q": "张三", "exact": "on"}).content.decode()
    assert page.count('id="id_exact" checked') == 1 and "Possible duplicates" not in page


def test_possible_duplicates_are_shown_and_merged(corpus, lead, client_of):
    dialogue = make_dialogue(corpus, size=2)
    mary, other = (Speaker.objects.create(corpus=corpus, name=name) for name in ("MARY", "Mary"))
    dialogue.utterances.update(speaker=other)
    Speaker.objects.create(corpus=make_corpus(), name="mary")
    client, address = client_of(lead), reverse("speakers", args=[corpus.pk])
    page = client.get(address)
    assert page.context["duplicates"] == [[other, mary]]
    assert Speaker(name="张\u200b三 \u202b").invisible == ["U+200B", "U+202B"]
    assert "Possible duplicates" in page.content.decode()
    client.post(reverse("merge_speaker", args=[mary.pk]), {"into": other.pk})
    assert client.get(address).context["duplicates"] == []
    assert Speaker.objects.get(corpus=corpus, identity="mary") == other


def test_filters_of_names_compare_likewise(corpus, lead, client_of):
    make_dialogue(corpus, uid="ＥＰ軟１")
    client = client_of(lead)
    page = client.get(reverse("dialogues", args=[corpus.pk]), {"name": "ep软1"})
    assert [row.uid for row in page.context["table"]] == ["ＥＰ軟１"]
