"""The page that checks a transcript: its decisions survive looking again, a visit, and the cut."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.urls import reverse

from corpus.models import Source
from corpus.transcripts.reader import Options

TALK = ["张三：走吧", "甘一：跑\n李四：停", "苏格拉底：认识自己", "- 你好\n- 再见", "他说：走"]
SRT = "\n\n".join(
    f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{talk}" for n, talk in enumerate(TALK, 1)
)
ASS = "[Events]\n" + "".join(
    f"Dialogue: 0,0:00:0{n}.00,0:00:0{n}.90,{style},,0,0,0,,{talk}\n"
    for n, (style, talk) in enumerate([("Default", "你好"), ("OP", "la la")], 1)
)


@pytest.fixture
def draft(corpus, film):
    """A source whose transcript waits to be confirmed, with media that were looked at."""

    def make(name, data):
        source = Source(corpus=corpus, title=name, status="draft")
        source.inspection = {"shots": [], "heard": []}
        source.probe_media(film)
        source.media.save("film.mp4", ContentFile(film.read_bytes()), save=False)
        source.transcript.save(name, ContentFile(data), save=False)
        source.save()
        return source

    return make


@pytest.fixture
def client(client_of, lead):
    return client_of(lead)


def sent(page, **changed):
    """What the form of the page sends, with some fields changed (None: unticked or left out)."""
    form, reading = page.context["form"], page.context["reading"]
    fields = {field.html_name: field.value() for field in form.visible_fields()}
    data = {name: "" if value is None else value for name, value in fields.items()}
    data["asked"] = [*form.switches, *(["tiers"] if len(reading.tiers) > 1 else [])]
    data = {name: value for name, value in data.items() if value is not False}
    if page.context["options"].prefixes == "proposed":
        data["shown"] = [each.name for each in page.context["candidates"]]
        data["offered"] = [each.name for each in reading.speakers if each.proposed]
        data["take"] = [each.name for each in reading.speakers if each.taken]
    data["tiers"] = [tier.name for tier in reading.tiers if tier.read]
    data["proposed_tiers"] = [tier.name for tier in reading.tiers if tier.proposed]
    return {name: value for name, value in (data | changed).items() if value is not None}


def said(page):
    return [(cue.speaker, cue.text) for cue in page.context["reading"].cues]


@pytest.mark.django_db(transaction=True)
def test_ticked_names_survive_looking_again_and_the_cut(client, draft):
    source = draft("a.srt", SRT.encode())
    address = reverse("preview", args=[source.pk])
    page = client.get(address)
    assert said(page)[:4] == [
        ("张三", "走吧"), ("甘一", "跑"), ("李四", "停"), ("", "苏格拉底：认识自己"),
    ]  # fmt: skip
    shown = page.content.decode()
    assert 'name="take" value="张三" checked' in shown and 'name="take" value="他说" >' in shown
    page = client.post(address, sent(page, take=["甘一", "李四", "苏格拉底"]), follow=True)
    expected = [("", "张三：走吧"), ("甘一", "跑"), ("李四", "停"), ("苏格拉底", "认识自己"),
                ("", "你好"), ("", "再见"), ("", "他说：走")]  # fmt: skip
    assert page.redirect_chain and said(page) == expected
    page = client.post(address, sent(page, gap="3"), follow=True)
    assert said(page) == expected == said(client.get(address))
    page = client.post(address, sent(page, dashes=None), follow=True)
    assert said(page)[4] == ("", "- 你好 - 再见")
    fields = {field.html_name: field.value() or "" for field in page.context["form"].simple_fields}
    client.post(
        reverse("confirm_source", args=[source.pk]), fields | {"reading": page.context["kept"]}
    )
    source.refresh_from_db()
    assert source.gap == 3 and source.status == "done"
    assert source.read_options == {"taken": ["苏格拉底"], "left": ["张三"], "dashes": False}
    stored = [(u.speaker.name if u.speaker else "", u.text)
              for d in source.dialogues.all() for u in d.utterances.all()]  # fmt: skip
    assert stored == [*expected[:4], ("", "- 你好 - 再见"), expected[6]]


def test_no_names_and_only_these(client, draft):
    address = reverse("preview", args=[draft("a.srt", SRT.encode()).pk])
    page = client.post(address, sent(client.get(address), prefixes="none"), follow=True)
    assert {speaker for speaker, _ in said(page)} == {""}
    listed = sent(page, prefixes="listed", names="李四，苏格拉底")
    page = client.post(address, listed, follow=True)
    assert {speaker for speaker, _ in said(page)} == {"", "李四", "苏格拉底"}
    assert page.context["form"]["names"].value() == "李四, 苏格拉底"
    page = client.post(address, sent(page, prefixes="proposed"), follow=True)
    assert {speaker for speaker, _ in said(page)} == {"", "张三", "甘一", "李四"}


def test_tiers_languages_and_sheets(client, draft):
    address = reverse("preview", args=[draft("a.ass", ASS.encode()).pk])
    page = client.get(address)
    assert said(page) == [("", "你好")] and "the name says that it holds no talk" in (
        page.content.decode()
    )
    page = client.post(address, sent(page, tiers=["OP"]), follow=True)
    assert said(page) == [("", "la la")] == said(client.get(address))
    both = "1\n00:00:01,000 --> 00:00:02,000\n你好\nHello\n"
    address = reverse("preview", args=[draft("b.srt", both.encode()).pk])
    page = client.post(address, sent(client.get(address), bilingual="second"), follow=True)
    assert said(page) == [("", "Hello")]
    assert "the first lines are kept as translation" in page.content.decode()


def test_damaged_bytes_are_named_and_replaced_on_request(client, draft):
    data = SRT.encode().replace("走吧".encode(), b"\xff")
    source = draft("a.srt", data)
    address = reverse("preview", args=[source.pk])
    page = client.get(address)
    assert f"in line 3, at byte {data.index(0xFF)}" in page.context["error"]
    assert "replace" in page.context["form"].fields
    refused = client.post(address, {"encoding": "utf-8", "gap": "4", "asked": "replace"})
    assert refused.status_code == 200 and "not text in utf-8" in refused.context["error"]
    asked = {"encoding": "utf-8", "gap": "4", "asked": "replace", "replace": "on"}
    page = client.post(address, asked, follow=True)
    assert page.context["error"] is None and said(page)[0] == ("张三", "�")
    assert "replaced by �" in page.content.decode()
    source.refresh_from_db()
    assert source.read_options == {"replace": True}


def test_an_encoding_that_is_not_recognised_is_asked(client, draft):
    source = draft("a.srt", SRT.encode("utf-16-le")[:40] + b"\x81\xff\xfe\x80\x80")
    page = client.get(reverse("preview", args=[source.pk]))
    assert page.context["form"]["encoding"].value() in ("", "utf-16-le")
    assert page.context["error"]


def test_nonsense_decides_nothing(client, draft):
    source = draft("a.srt", SRT.encode())
    address = reverse("preview", args=[source.pk])
    for reading in ("[]", "{", '{"taken": 5, "prefixes": ["x"], "who": 1}'):
        page = client.get(address, {"reading": reading, "bilingual": "xx", "gap": "2"})
        assert page.status_code == 200
    page = client.post(address, {"gap": "x"})
    assert page.status_code == 200 and page.context["form"].errors
    assert Source.objects.get().read_options == {}


@pytest.mark.django_db(transaction=True)
def test_the_command_shows_and_takes_the_same_decisions(corpus, film, tmp_path, capsys):
    words = tmp_path / "a.srt"
    words.write_text(SRT, "utf-8")
    arguments = ["ingest", str(film), str(words), "--corpus", corpus.name]
    call_command(*arguments, "--check")
    shown = capsys.readouterr().out
    assert "“张三” before a colon, 1×: speaker, looks like a name; as before “走吧”" in shown
    assert "“他说” before a colon, 1×: no speaker, begins a sentence or a heading" in shown
    assert "4 with estimated times" in shown
    call_command(*arguments, "--speakers", "苏格拉底", "--no-dashes")
    source = Source.objects.get()
    kept = {"prefixes": "listed", "names": ["苏格拉底"], "dashes": False}
    assert json.loads(json.dumps(source.read_options)) == kept
    assert Options.from_json(source.read_options).names == ("苏格拉底",)
    names = {
        u.speaker.name for d in source.dialogues.all() for u in d.utterances.all() if u.speaker
    }
    assert names == {"苏格拉底"}
