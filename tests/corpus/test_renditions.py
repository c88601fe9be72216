"""Clips without their sound or their picture: the same times, and nothing else along."""

import subprocess
import threading

import av
import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from corpus import renditions
from corpus.ffmpeg_binary import ffmpeg_path
from corpus.ingest import delete_unused_files
from corpus.integrity import check
from corpus.media import extract_picture, extract_sound, probe
from corpus.media_info import MediaError
from corpus.renditions import rendition
from tests.corpus.marked_films import X264, beeps, lights, make, seen
from tests.factories import make_dialogue, make_source
from tests.waiting import LIMIT

SECRET = "秘密台词"


@pytest.fixture
def source(corpus, film, srt):
    source = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", media)
        source.transcript.save("film.srt", words)
    source.run()
    return source


def frames(path, kind):
    """(time, samples) of each frame that is decoded, times as the file says."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [
            (round(frame.time, 6), getattr(frame, "samples", 0))
            for frame in container.decode(stream)
        ]


def kinds(path):
    with av.open(str(path)) as container:
        return [stream.type for stream in container.streams]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Clips whose streams begin together, with the sound late, with the picture late."""
    folder = tmp_path_factory.mktemp("films")
    streams = [*lights([1.0, 2.5], 4), *beeps([1.0, 2.5], 4)]
    even = make(folder / "even.mp4", *streams, *X264, "-bf", "3", "-c:a", "aac")
    both = ["-map", "0:v", "-map", "1:a", "-c", "copy"]
    late = ["-itsoffset", "0.64", "-i", str(even)]
    return {
        "even": even,
        "late sound": make(folder / "sound.mp4", "-i", str(even), *late, *both),
        "late picture": make(folder / "picture.mp4", *late, "-i", str(even), *both),
    }


@pytest.mark.parametrize("name", ["even", "late sound", "late picture"])
def test_times_are_those_of_the_clip(films, name, tmp_path):
    clip = films[name]
    extract_picture(clip, tmp_path / "silent.mp4")
    extract_sound(clip, tmp_path / "sound.m4a")
    assert kinds(tmp_path / "silent.mp4") == ["video"] and kinds(tmp_path / "sound.m4a") == [
        "audio"
    ]
    assert frames(clip, "video") == frames(tmp_path / "silent.mp4", "video")
    assert frames(clip, "audio") == frames(tmp_path / "sound.m4a", "audio")
    again = tmp_path / "again.mp4"
    extract_picture(clip, again)
    assert again.read_bytes() == (tmp_path / "silent.mp4").read_bytes()


def test_clips_that_the_product_cuts_keep_flashes_and_beeps_where_they_are(source):
    for dialogue in source.dialogues.all():
        clip = default_storage.path(dialogue.clip.name)
        for kind, name in (("video", "silent"), ("audio", "sound")):
            made = default_storage.path(rendition(dialogue, name))
            assert frames(clip, kind) == frames(made, kind)
            assert abs(probe_duration(made) - probe_duration(clip)) < 0.05
    assert list(check(source.corpus)) == []  # no file without a row


def probe_duration(path):
    with av.open(str(path)) as container:
        return container.duration / av.time_base


def test_no_words_come_along(films, tmp_path):
    """Subtitles, captions between the frames, titles, comments, chapters."""
    words = tmp_path / "words.srt"
    words.write_text(f"1\n00:00:00,100 --> 00:00:02,000\n{SECRET}\n", encoding="utf-8")
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(
        f";FFMETADATA1\ntitle={SECRET}\ncomment={SECRET}\n"
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle={SECRET}\n",
        encoding="utf-8",
    )
    clip = make(
        tmp_path / "clip.mp4",
        *("-i", str(films["even"]), "-i", str(words), "-i", str(chapters)),
        *("-map", "0", "-map", "1", "-map_metadata", "2", "-map_chapters", "2"),
        *("-c", "copy", "-c:s", "mov_text", "-metadata:s:v", f"handler_name={SECRET}"),
        *("-metadata:s:a", f"handler_name={SECRET}"),
        *("-bsf:v", f"h264_metadata=sei_user_data=086f3693b7b34f2c965321492feee5b8+{SECRET}"),
    )
    assert clip.read_bytes().count(SECRET.encode()) >= 6
    for make_one, name in ((extract_picture, "silent.mp4"), (extract_sound, "sound.m4a")):
        make_one(clip, tmp_path / name)
        assert SECRET.encode() not in (tmp_path / name).read_bytes()
        assert len(kinds(tmp_path / name)) == 1
    assert seen(tmp_path / "silent.mp4").flashes == seen(clip).flashes
    assert seen(tmp_path / "sound.m4a").beeps == pytest.approx(seen(clip).beeps, abs=1e-3)


def test_cover_art_is_no_picture(films, tmp_path):
    image = make(
        tmp_path / "cover.png", "-f", "lavfi", "-i", "color=red:s=32x32:d=1", "-frames:v", "1"
    )
    clip = make(
        tmp_path / "covered.mp4", "-i", str(image), "-i", str(films["even"]),
        *("-map", "0", "-map", "1:a", "-c", "copy", "-disposition:v:0", "attached_pic"),
    )  # fmt: skip
    assert not probe(clip).has_video
    with pytest.raises(MediaError, match="no picture"):
        extract_picture(clip, tmp_path / "silent.mp4")
    assert not (tmp_path / "silent.mp4").exists()


def test_first_demands_at_once_leave_one_whole_file(source, settings, monkeypatch):
    dialogue = source.dialogues.select_related("source").first()
    together = threading.Barrier(4)

    def make_together(clip, target):
        together.wait(LIMIT)
        extract_picture(clip, target)

    monkeypatch.setitem(renditions.KINDS, "silent", (make_together, ".silent.mp4"))
    names = []
    threads = [
        threading.Thread(target=lambda: names.append(rendition(dialogue, "silent")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = [path for path in (settings.MEDIA_ROOT / "renditions").rglob("*") if path.is_file()]
    assert len(set(names)) == len(files) == 1 and len(names) == 4
    assert kinds(files[0]) == ["video"]
    assert not list(settings.WORK_DIR.rglob("*.mp4"))


def test_they_go_with_their_clip(source):
    first, second = source.dialogues.all()
    names = [rendition(dialogue, "sound") for dialogue in (first, second)]
    first.clip_sha256 = "0" * 64  # cut again
    first.save()
    delete_unused_files(source)
    assert [default_storage.exists(name) for name in names] == [False, True]
    second.delete()
    delete_unused_files(source)
    assert not default_storage.exists(names[1])


def test_what_cannot_be_taken_out_is_said_and_never_the_whole_clip(
    corpus, lead, client_of, film, settings
):
    client = client_of(lead)
    folder = settings.MEDIA_ROOT / "clips"
    folder.mkdir()
    sound = make(folder / "sound.mp4", "-i", str(film), "-vn", "-c", "copy")
    silent = make(folder / "silent.mp4", "-i", str(film), "-an", "-c", "copy")
    broken = folder / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:3000])
    source = make_source(corpus)
    for path, name, words in (
        (sound, "silent", "This clip has no picture."),
        (silent, "sound", "This clip has no sound."),
        (broken, "silent", ""),
        (broken, "sound", ""),
    ):
        dialogue = make_dialogue(corpus, source=source, clip=f"clips/{path.name}")
        answer = client.get(reverse("dialogue_media", args=[dialogue.pk, name]))
        assert answer.status_code == 422 and words in answer.content.decode(), answer.content
        assert len(answer.content) < 500
    gone = make_dialogue(corpus, source=source, clip="clips/gone.mp4")
    text = make_dialogue(corpus, source=source)
    for dialogue in (gone, text):
        for name in ("silent", "sound"):
            address = reverse("dialogue_media", args=[dialogue.pk, name])
            assert client.get(address).status_code == 404


def test_sound_that_mp4_cannot_hold_is_played_from_the_sound_beside_it(
    corpus, lead, client_of, film, settings
):
    clip, flac = settings.MEDIA_ROOT / "clip.mp4", settings.MEDIA_ROOT / "clip.flac"
    command = [ffmpeg_path(), "-loglevel", "error", "-i", str(film), "-c:a", "wmav2", "-vn"]
    subprocess.run([*command, "-f", "asf", str(clip)], check=True)
    make(flac, "-i", str(film), "-vn")
    dialogue = make_dialogue(corpus, clip="clip.mp4", audio="clip.flac")
    answer = client_of(lead).get(reverse("dialogue_media", args=[dialogue.pk, "sound"]))
    assert answer["Content-Type"] == "audio/flac"
    assert b"".join(answer) == flac.read_bytes()


def test_ranges_and_nginx(source, lead, client_of, settings):
    client, dialogue = client_of(lead), source.dialogues.first()
    address = reverse("dialogue_media", args=[dialogue.pk, "sound"])
    part = client.get(address, headers={"range": "bytes=0-99"})
    assert part.status_code == 206 and len(b"".join(part)) == 100
    assert part["Content-Type"] == "audio/mp4" and part["Cache-Control"] == "private, no-cache"
    same = client.get(address, headers={"if-none-match": part["ETag"]})
    assert same.status_code == 304
    settings.X_ACCEL = "/protected/"
    named = client.get(address)
    assert named.content == b"" and named["X-Accel-Redirect"].startswith("/protected/renditions/")


@pytest.mark.django_db(transaction=True)
def test_in_an_object_store(object_store, source):
    dialogue = source.dialogues.select_related("source").first()
    name = rendition(dialogue, "silent")
    assert default_storage.exists(name) and rendition(dialogue, "silent") == name
    renditions.storage.put_once(renditions.Path(__file__), name)  # a second one that came late
    folder, file = name.rsplit("/", 1)
    assert default_storage.listdir(folder)[1] == [file]
