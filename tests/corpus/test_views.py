"""Who may see what, and what the pages of a corpus do."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from corpus.models import Dialogue, Membership, Source
from corpus.source_inspection import inspect_source
from corpus.transcripts import Cue
from jobs.models import JobStatus
from people.models import Event
from tests.corpus.talk_films import WORDS, flashing, two_tracks
from tests.factories import make_dialogue, make_member, make_person, make_source


@pytest.fixture
def clients(client_of, corpus, lead):
    return {
        "lead": client_of(lead),
        "annotator": client_of(make_member(corpus)),
        "stranger": client_of(make_person()),
    }


def addresses(corpus):
    source = make_source(corpus)
    dialogue = make_dialogue(corpus, source=source)
    draft = make_dialogue(corpus, source=source, published=False)
    return {
        reverse("corpus", args=[corpus.pk]): ("lead", "annotator"),
        reverse("dialogues", args=[corpus.pk]): ("lead", "annotator"),
        reverse("dialogue", args=[dialogue.pk]): ("lead", "annotator"),
        reverse("dialogue", args=[draft.pk]): ("lead",),
        reverse("members", args=[corpus.pk]): ("lead",),
        reverse("audit_log", args=[corpus.pk]): ("lead",),
        reverse("new_source", args=[corpus.pk]): ("lead",),
        reverse("source", args=[source.pk]): ("lead",),
        reverse("source_progress", args=[source.pk]): ("lead",),
        reverse("import_problems", args=[source.pk]): ("lead",),
        reverse("import_problems_csv", args=[source.pk]): ("lead",),
        reverse("integrity", args=[corpus.pk]): ("lead",),
        reverse("recut_clips", args=[corpus.pk]): ("lead",),
        reverse("dialogue_media", args=[dialogue.pk, "clip"]): (),
        reverse("editor", args=[dialogue.pk]): ("lead",),
        reverse("revisions", args=[dialogue.pk]): ("lead",),
        reverse("dialogue_head", args=[dialogue.pk]): (),
        reverse("dialogue_history", args=[dialogue.pk]): ("lead",),
        reverse("speakers", args=[corpus.pk]): ("lead",),
        reverse("speaker", args=[corpus.speakers.first().pk]): ("lead",),
        reverse("merge_speaker", args=[corpus.speakers.first().pk]): (),
    }


def test_what_one_may_not_see_is_not_there(clients, corpus):
    for address, allowed in addresses(corpus).items():
        for who, client in clients.items():
            expected = {200} if who in allowed else {404, 405}
            assert client.get(address).status_code in expected, (who, address)


def test_without_signing_in_every_page_leads_to_the_door(client, corpus):
    for address in addresses(corpus):
        assert client.get(address).url.startswith("/sign-in/")


def test_verbs_of_the_lead_are_not_the_annotators(clients, corpus):
    source = make_source(corpus)
    make_dialogue(corpus, source=source, published=False)
    address = reverse("publish_source", args=[source.pk])
    assert clients["annotator"].post(address).status_code == 404
    assert clients["stranger"].post(address).status_code == 404
    assert corpus.dialogues.published().count() == 0
    assert clients["lead"].post(address).status_code == 302
    assert corpus.dialogues.published().count() == 1
    assert clients["lead"].get(address).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_cut_by_the_worker(client_of, corpus, lead, film, srt):
    client = client_of(lead)
    address = reverse("new_source", args=[corpus.pk])
    with film.open("rb") as media, srt.open("rb") as text:
        response = client.post(
            address, {"media": media, "transcript": text, "title": ""}, follow=True
        )
    source = Source.objects.get()
    assert source.status == JobStatus.DRAFT and "真巧啊" in response.content.decode()
    confirm = reverse("confirm_source", args=[source.pk])
    response = client.post(confirm, {"gap": "3", "encoding": "utf-8"}, follow=True)
    source.refresh_from_db()
    assert (source.title, source.status) == ("film", JobStatus.DONE)
    assert "2 dialogues" in response.content.decode()
    clip = client.get(
        reverse("dialogue_media", args=[source.dialogues.first().pk, "clip"]),
        headers={"Range": "bytes=0-99"},
    )
    assert clip.status_code == 404 or (clip.status_code, clip["Content-Length"]) == (206, "100")
    assert Event.objects.filter(verb="ingest", noun="source", person=lead).exists()
    with film.open("rb") as media:
        again = client.post(address, {"media": media, "title": "film"})
    assert "already" in again.content.decode() and Source.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_is_no_film_is_refused_in_a_sentence(client_of, corpus, lead):
    client = client_of(lead)
    upload = SimpleUploadedFile("trick.mp4", b"MZ" + b"\0" * 500, "video/mp4")
    page = client.post(reverse("new_source", args=[corpus.pk]), {"media": upload}, follow=True)
    assert "trick.mp4 is not video or audio" in page.content.decode()
    assert not Source.objects.exists()


def test_dialogues_are_filtered_and_published_many_at_once(clients, corpus):
    one, other = make_dialogue(corpus, published=False), make_dialogue(corpus, size=4)
    drafts = list(corpus.dialogues.filter(publication=None))
    address = reverse("dialogues", args=[corpus.pk])

    def shown(**filters):
        return [d.pk for d in clients["lead"].get(address, filters).context["table"]]

    assert shown(name=one.uid) == [one.pk]
    assert shown(state="draft") == [d.pk for d in drafts] and one in drafts
    assert shown(longest=3.5, shortest=0, source=other.source_id) == []
    assert "Nothing matches" in clients["lead"].get(address, {"longest": -1}).content.decode()
    assert clients["annotator"].post(address, {"pk": [one.pk]}).status_code == 404
    nonsense = clients["lead"].post(address, {"which": "ticked", "pk": [one.pk, "x"]})
    assert nonsense.status_code == 400 and "“x”" in nonsense.content.decode()
    assert not Dialogue.objects.get(pk=one.pk).is_published
    left = corpus.dialogues.filter(publication=None, utterances__isnull=False).distinct()
    assert clients["lead"].get(address).context["publishable"] == left.count() > 0
    assert clients["annotator"].get(address).context["publishable"] == 0
    clients["lead"].post(address, {"which": "ticked", "pk": [one.pk]})
    assert Dialogue.objects.get(pk=one.pk).is_published
    clients["lead"].post(address + "?state=draft", {"which": "all"})
    assert not corpus.dialogues.filter(publication=None, utterances__isnull=False).exists()
    assert clients["lead"].get(address).context["publishable"] == 0


def test_pages_of_dialogues_lead_there_and_back(clients, corpus):
    for _ in range(120):
        make_dialogue(corpus, size=1)
    address, seen, pages = reverse("dialogues", args=[corpus.pk]), [], []
    while address:
        table = clients["lead"].get(address).context["table"]
        pages.append(table)
        seen += [d.pk for d in table]
        address = table.next_url
    everything = corpus.dialogues.order_by("source_id", "number").values_list("pk", flat=True)
    assert seen == list(everything) and len(pages) == 3
    back = clients["lead"].get(pages[2].previous_url).context["table"]
    assert [d.pk for d in back] == [d.pk for d in pages[1]]
    assert clients["lead"].get(f"{table.first_url}?cursor=nonsense").status_code == 200


def test_members_change_and_go_but_a_lead_stays(clients, corpus, lead):
    guest = make_member(corpus)
    member = Membership.objects.get(person=guest)
    clients["lead"].post(reverse("membership", args=[member.pk]), {"role": "adjudicator"})
    assert corpus.role_of(guest) == "adjudicator"
    own = Membership.objects.get(person=lead)
    for role in ("annotator", "none"):
        clients["lead"].post(reverse("membership", args=[own.pk]), {"role": role})
    assert corpus.role_of(lead) == "lead"
    assert clients["annotator"].post(
        reverse("membership", args=[member.pk]), {"role": "lead"}
    ).status_code == 404  # fmt: skip
    clients["lead"].post(reverse("membership", args=[member.pk]), {"role": "none"})
    assert corpus.role_of(guest) is None


def test_pages_speak_chinese(clients, corpus):
    page = clients["lead"].get(
        reverse("corpus", args=[corpus.pk]), headers={"accept-language": "zh-CN,zh;q=0.9"}
    )
    assert "添加剧集" in page.content.decode() and '<html lang="zh-hans"' in page.content.decode()


def test_strict_content_security_policy(clients, corpus):
    policy = clients["lead"].get(reverse("corpus", args=[corpus.pk]))["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy and "nonce-" in policy


@pytest.fixture
def draft(client_of, corpus, lead, film):
    """A source whose transcript waits to be confirmed."""

    def upload(name, data):
        with film.open("rb") as media:
            transcript = SimpleUploadedFile(name, data)
            form = {"media": media, "transcript": transcript, "title": name}
            client_of(lead).post(reverse("new_source", args=[corpus.pk]), form)
        return Source.objects.get(title=name)

    return upload


def test_a_preview_shows_the_encoding_and_the_dialogues_of_a_gap(client_of, lead, draft):
    text = "\n".join(
        f"{n}\n00:00:0{2 * n},000 --> 00:00:0{2 * n + 1},000\n甲：第{n}句你好世界\n"
        for n in (1, 2, 3)
    )
    source = draft("a.srt", text.encode("gb18030"))
    client, address = client_of(lead), reverse("preview", args=[source.pk])
    page = client.get(address)
    assert page.context["reading"].encoding == "gb18030" and page.context["part_count"] == 1
    assert client.get(address, {"gap": "0.5"}).context["part_count"] == 3
    wrong = client.get(address, {"encoding": "utf-8"})
    assert "not text in utf-8" in wrong.content.decode() and wrong.context["reading"] is None
    assert "disabled" in wrong.content.decode()
    nonsense = client.get(address, {"gap": "-1", "encoding": "../x"})
    assert nonsense.status_code == 200 and nonsense.context["reading"] is None
    refused = client.post(reverse("confirm_source", args=[source.pk]), {"gap": "-1"})
    assert refused.url.startswith(address) and source.dialogues.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_columns_of_a_table_are_chosen_once_and_remembered(client_of, lead, draft):
    table = "from,to,line\n1,2,你好\n3,4,再见\n"
    source, client = draft("a.csv", table.encode()), client_of(lead)
    page = client.get(reverse("preview", args=[source.pk]))
    assert page.context["reading"] is None and "column of the words" in page.content.decode()
    chosen = {"start": "from", "end": "to", "text": "line", "speaker": "", "gap": "4"}
    client.post(reverse("confirm_source", args=[source.pk]), chosen | {"encoding": "utf-8"})
    source.refresh_from_db()
    assert source.status == JobStatus.DONE, source.failure_text
    assert [u.text for u in source.dialogues.get().utterances.all()] == ["你好", "再见"]
    second = draft("b.csv", table.replace("再见", "回来").encode())
    page = client.get(reverse("preview", args=[second.pk]))
    assert [cue.text for cue in page.context["reading"].cues] == ["你好", "回来"]


@pytest.mark.django_db(transaction=True)
def test_a_draft_can_be_thrown_away_and_only_a_draft(client_of, lead, draft, settings):
    source, client = draft("a.srt", b"hello"), client_of(lead)
    assert "not valid SRT" in client.get(reverse("preview", args=[source.pk])).content.decode()
    client.post(reverse("remove_source", args=[source.pk]))
    assert not Source.objects.exists() and not list(settings.MEDIA_ROOT.rglob("*.mp4"))
    kept = make_source(Membership.objects.get(person=lead).corpus)
    client.post(reverse("remove_source", args=[kept.pk]))
    assert Source.objects.get() == kept
    assert client.get(reverse("preview", args=[kept.pk])).url == reverse("source", args=[kept.pk])


def test_the_same_bytes_twice_are_recognised(client_of, lead, draft):
    source = draft("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    client = client_of(lead)
    assert "This file was already uploaded" not in client.get(reverse("home")).content.decode()
    twin = draft("b.srt", b"1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    assert source.sha256 == twin.sha256 and len(twin.sha256) == 64
    with source.media.open("rb") as media:
        form = {"media": media, "title": "c"}
        page = client.post(reverse("new_source", args=[source.corpus_id]), form, follow=True)
    assert "This file was already uploaded as “b.srt”" in page.content.decode()


def test_a_transcript_of_an_unknown_kind_is_refused_at_once(client_of, corpus, lead, film):
    with film.open("rb") as media:
        form = {"media": media, "transcript": SimpleUploadedFile("a.doc", b"x"), "title": "x"}
        page = client_of(lead).post(reverse("new_source", args=[corpus.pk]), form)
    assert "ends in one of .srt" in page.content.decode() and not Source.objects.exists()


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    return two_tracks(folder / "tracks.mkv", flashing(folder / "talk.mp4"))


def uploaded(client, corpus, media, words=None):
    """The source and the check page after an upload."""
    data = {"media": SimpleUploadedFile(media.name, media.read_bytes()), "title": ""}
    if words:
        data["transcript"] = SimpleUploadedFile("talk.srt", words.encode())
    response = client.post(reverse("new_source", args=[corpus.pk]), data, follow=True)
    return Source.objects.get(), response.content.decode()


@pytest.mark.one_database  # of the media
@pytest.mark.django_db(transaction=True)
def test_the_check_shows_tracks_and_takes_another(client_of, corpus, lead, tracks):
    client = client_of(lead)
    source, page = uploaded(client, corpus, tracks, WORDS)
    assert "1 · English · Commentary · AAC · mono" in page
    chosen = '<option value="2" selected> 2 · Chinese · AAC · mono · default track'
    assert chosen in " ".join(page.split())
    address = reverse("choose_track", args=[source.pk])
    page = client.post(address, {"stream": "1"}, follow=True).content.decode()
    assert '<option value="1" selected> 1 · English' in " ".join(page.split())
    client.post(address, {"stream": "3"})  # no sound: nothing changes
    client.post(address, {"stream": "x"})
    assert Event.objects.filter(verb="choose", noun="source", person=lead).count() == 1
    client.post(reverse("confirm_source", args=[source.pk]), {"gap": "4", "encoding": "utf-8"})
    source.refresh_from_db()
    assert (source.track, source.status) == (1, JobStatus.DONE), source.failure_text
    page = client.get(reverse("source", args=[source.pk])).content.decode()
    assert "audio track: English · Commentary" in page
    level = source.dialogues.first().clip_check["measured"]["level"]
    assert level == pytest.approx(0.28, abs=0.02)  # the commentary, as it was chosen
    client.post(address, {"stream": "2"})
    source.refresh_from_db()
    assert source.track == 1  # it is cut


@pytest.mark.one_database  # of the media
@pytest.mark.django_db(transaction=True)
def test_speech_is_looked_for_in_the_track_that_is_chosen(
    client_of, corpus, lead, tracks, monkeypatch
):
    heard = []

    def hear(path, model, report_progress, track=None):
        heard.append(track)
        return [Cue(1.0, 2.0, f"in {track}", machine=True)]

    monkeypatch.setattr("corpus.speech.recognise_speech", hear)
    client = client_of(lead)
    source, page = uploaded(client, corpus, tracks)
    assert "in None" in page
    address = reverse("choose_track", args=[source.pk])
    assert "in 1" in client.post(address, {"stream": "1"}, follow=True).content.decode()
    assert heard == [None, 1]


@pytest.mark.one_database  # of the media
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", [None, WORDS.replace("晚饭", "早饭")])
def test_subtitles_inside_the_media_are_offered_and_given_back(
    client_of, corpus, lead, tracks, words, settings
):
    client = client_of(lead)
    source, page = uploaded(client, corpus, tracks, words)
    uploaded_transcript = source.transcript.name
    assert "embedded subtitles 3" in page and "Signs" in page
    address = reverse("choose_subtitles", args=[source.pk])
    page = client.post(address, {"stream": "4"}, follow=True).content.decode()
    assert "晚饭吃什么？" in page and "张三" in page
    page = client.post(address, {"stream": "3"}, follow=True).content.decode()
    assert "晚饭吃什么？" in page and '<option value="3"' in page
    names = [path.name for path in settings.MEDIA_ROOT.rglob("*.*")]
    assert not [name for name in names if name.endswith(".ass")]  # chosen no more
    page = client.post(address, {"stream": ""}, follow=True).content.decode()
    assert "晚饭吃什么？" not in page and ("早饭" in page) == bool(words)
    source.refresh_from_db()
    assert (source.transcript.name, source.subtitles) == (uploaded_transcript, None)
    client.post(address, {"stream": "3"})
    client.post(reverse("remove_source", args=[source.pk]))
    assert not Source.objects.exists() and not list(settings.MEDIA_ROOT.rglob("*.*"))


@pytest.mark.one_database  # of the media
@pytest.mark.django_db(transaction=True)
def test_image_subtitles_are_named_with_the_reason(client_of, corpus, lead, tracks):
    client = client_of(lead)
    source, _page = uploaded(client, corpus, tracks)
    source.probe["subtitles"][0] |= {"codec": "hdmv_pgs_subtitle", "text": False}
    source.save()
    page = client.get(reverse("preview", args=[source.pk])).content.decode()
    assert "These subtitles are images, not words" in page
    client.post(reverse("choose_subtitles", args=[source.pk]), {"stream": "3"})
    source.refresh_from_db()
    assert source.subtitles is None


@pytest.mark.one_database  # of the media
@pytest.mark.django_db(transaction=True)
def test_late_cues_are_shown_before_cutting_and_kept_after(client_of, corpus, lead, tracks):
    client = client_of(lead)
    late = WORDS.replace("00:00:12,500", "00:00:15,000")
    source, page = uploaded(client, corpus, tracks, late)
    assert "1 part was repaired or rejected, or is uncertain." in page
    assert "It ends at 15.00 s, but the media end at 14.0" in page
    client.post(reverse("confirm_source", args=[source.pk]), {"gap": "4", "encoding": "utf-8"})
    page = client.get(reverse("source", args=[source.pk])).content.decode()
    assert "1 part was repaired or rejected, or is uncertain." in page
    page = client.get(reverse("import_problems", args=[source.pk])).content.decode()
    assert "It ends at 15.00 s" in page and "Import report · 1" in page


@pytest.mark.one_database  # of the media
@pytest.mark.django_db(transaction=True)
def test_another_episode_s_transcript_is_refused_in_the_check(client_of, corpus, lead, tracks):
    other = WORDS.replace("00:00:10", "00:50:10").replace("00:00:12", "00:50:12")
    source, page = uploaded(client_of(lead), corpus, tracks, other)
    assert "1 of 2 cues begin after the end of the media (14.0" in page
    assert "Is this the transcript of another episode?" in page and "disabled" in page


@pytest.mark.one_database  # of the media
@pytest.mark.django_db(transaction=True)
def test_large_media_are_measured_by_the_worker(client_of, corpus, lead, tmp_path, monkeypatch):
    """A transport stream says nowhere how long it is: a web process does not read it all."""
    film = flashing(tmp_path / "talk.ts")
    monkeypatch.setattr("corpus.forms.READ_AT_ONCE", 1000)
    monkeypatch.setattr(Source, "inspect_later", lambda source: None)
    client = client_of(lead)
    source, page = uploaded(client, corpus, film, WORDS)
    assert source.probe["duration"] == 0 and "Measuring the length of the media" in page
    confirm = reverse("confirm_source", args=[source.pk])
    client.post(confirm, {"gap": "4", "encoding": "utf-8"})
    source.refresh_from_db()
    assert source.status == JobStatus.DRAFT
    inspect_source(source)
    page = client.get(reverse("preview", args=[source.pk])).content.decode()
    assert "Segment into 2 dialogues" in page and "Measuring the length" not in page


def test_a_transcript_too_large_for_a_page_is_refused(client_of, corpus, lead, film):
    words = SimpleUploadedFile("talk.srt", b"x" * (8 * 1024**2 + 1))
    with film.open("rb") as media:
        sent = {"title": "film", "media": media, "transcript": words}
        page = client_of(lead).post(reverse("new_source", args=[corpus.pk]), sent)
    assert "at most 8.0" in page.content.decode() and not corpus.sources.exists()
