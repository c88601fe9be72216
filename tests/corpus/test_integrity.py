import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from corpus.file_pairs import pair
from corpus.integrity import check
from corpus.models import Utterance
from tests.factories import make_dialogue


def kinds(corpus, deep=False):
    return sorted(fault.kind for fault in check(corpus, deep))


@pytest.fixture
def cut(corpus, film, srt, capsys):
    call_command("ingest", str(film), str(srt), corpus=corpus.name, gap=3.0)
    return corpus


def test_a_fresh_corpus_is_whole(cut, capsys):
    assert kinds(cut, deep=True) == []
    call_command("check_corpus", corpus=cut.name, deep=True)
    assert "OK" in capsys.readouterr().out


def test_files_that_are_missing_orphaned_or_changed(cut, settings):
    first, second = cut.dialogues.all()
    (settings.MEDIA_ROOT / first.poster.name).unlink()
    (settings.MEDIA_ROOT / second.clip.name).write_bytes(b"other")
    (settings.MEDIA_ROOT / first.clip.name).with_name("009.mp4").write_bytes(b"x")
    assert kinds(cut) == ["missing", "orphaned"]
    assert kinds(cut, deep=True) == ["changed", "missing", "orphaned"]
    with pytest.raises(CommandError, match="3 faults: file changed 1, file missing 1"):
        call_command("check_corpus", corpus=cut.name)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"end": 0.1}, "reversed"),
        ({"end": 99.0}, "outside"),
        ({"text": "很" * 40}, "hurried"),
        ({"text": " "}, "wordless"),
    ],
)
def test_times_and_words_that_cannot_be(cut, change, kind):
    utterance = cut.dialogues.first().utterances.first()
    Utterance.objects.filter(pk=utterance.pk).update(**change)
    found = [fault for fault in check(cut) if fault.kind == kind]
    assert [fault.utterance_id for fault in found] == [utterance.pk]


def test_overlaps_and_repetitions(corpus):
    first, second = make_dialogue(corpus, size=3), make_dialogue(corpus, size=3)
    assert [f.kind for f in check(corpus)] == ["repeated"]
    second.utterances.update(text="别的")
    first.utterances.filter(number=1).update(end=2.5)
    assert kinds(corpus) == ["overlap"]


def test_the_page_links_to_the_place(cut, client_of, lead):
    utterance = cut.dialogues.first().utterances.first()
    Utterance.objects.filter(pk=utterance.pk).update(text="")
    page = client_of(lead).get(reverse("integrity", args=[cut.pk]), {"kind": "wordless"})
    place = f"{reverse('dialogue', args=[utterance.dialogue_id])}#u{utterance.pk}"
    assert "1 issue" in page.content.decode() and place in page.content.decode()


def test_episodes_and_transcripts_are_matched_by_name(tmp_path):
    names = [
        "E1.mp4",
        "E1.zh.srt",
        "E1.srt",
        "E2.mkv",
        "E2.chs&eng.ass",
        "E3.wav",
        "x.srt",
        "n.txt",
    ]
    for name in names:
        (tmp_path / name).touch()
    pairs, left = pair(tmp_path.iterdir())
    assert [(m.name, t and t.name) for m, t in pairs] == [
        ("E1.mp4", "E1.srt"), ("E2.mkv", "E2.chs&eng.ass"), ("E3.wav", None),
    ]  # fmt: skip
    assert [t.name for t in left] == ["x.srt"]


def test_a_folder_is_ingested_once_however_often_it_is_run(corpus, film, srt, tmp_path, capsys):
    folder = tmp_path / "episodes"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.mp4").write_bytes(film.read_bytes() + name.encode())
        (folder / f"{name}.srt").write_bytes(srt.read_bytes())
    (folder / "b.srt").write_text("broken")
    with pytest.raises(CommandError, match="1 of 2 episodes"):
        call_command("ingest", str(folder), corpus=corpus.name, gap=3.0)
    before = list(corpus.dialogues.values_list("pk", flat=True))
    assert len(before) == 2
    (folder / "b.srt").write_bytes(srt.read_bytes())
    (folder / "copy.mp4").write_bytes((folder / "a.mp4").read_bytes())
    call_command("ingest", str(folder), corpus=corpus.name, gap=3.0)
    said = capsys.readouterr().out
    assert "a: is here already as 'a'" in said and "copy: is here already as 'a'" in said
    assert corpus.dialogues.count() == 4
    assert set(before) <= set(corpus.dialogues.values_list("pk", flat=True))
