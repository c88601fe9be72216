"""Subtitles inside a file come out as they went in, on the common clock."""

import pytest

from corpus.media import probe
from corpus.media_info import MediaError, Track
from corpus.subtitle_tracks import extract_subtitles
from tests.corpus.marked_films import X264, beeps, lights, make

SRT = """1
00:00:02,000 --> 00:00:03,500
张三：<i>你好</i> & x < y
第二行

2
00:00:05,250 --> 00:00:06,000
再见。
"""
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20
Style: Sign,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:05.25,0:00:06.00,Sign,李四,0,0,0,,牌子, 逗号
Dialogue: 1,0:00:02.00,0:00:03.50,Default,张三,0,0,0,,你好\\N世界
"""


@pytest.fixture
def film(tmp_path):
    def made(name, text, *codecs):
        (tmp_path / f"in.{text[0]}").write_text(text[1], encoding="utf-8")
        pair = [*lights([2], 7), *beeps([2], 7), "-i", str(tmp_path / f"in.{text[0]}")]
        return make(tmp_path / name, *pair, *codecs)

    return made


@pytest.mark.parametrize("offset", ["0", "9"])
def test_subrip_comes_out_as_it_went_in(film, offset):
    path = film("in.mkv", ("srt", SRT), *X264, "-c:s", "copy", "-output_ts_offset", offset)
    (track,) = probe(path).subtitles
    assert (track.codec, track.text) == ("srt", True)
    assert extract_subtitles(path, track) == (".srt", SRT.encode())


def test_other_text_becomes_subrip(film):
    mp4 = film("in.mp4", ("srt", SRT), *X264, "-c:s", "mov_text")
    webm = film("in.webm", ("srt", SRT), "-c:v", "libvpx", "-c:a", "libopus", "-c:s", "webvtt")
    plain = SRT.replace("<i>", "").replace("</i>", "")
    assert extract_subtitles(mp4, probe(mp4).subtitles[0]) == (".srt", plain.encode())
    assert extract_subtitles(webm, probe(webm).subtitles[0]) == (".srt", SRT.encode())


def test_ass_stays_ass_with_its_styles_and_its_order(film):
    path = film("in.mkv", ("ass", ASS), *X264, "-c:s", "copy")
    suffix, data = extract_subtitles(path, probe(path).subtitles[0])
    lines = data.decode().splitlines()
    assert suffix == ".ass" and "Style: Sign,Arial,20" in lines
    assert lines[-2:] == ASS.splitlines()[-2:]


def test_images_are_said_to_be_images(film):
    path = film("in.mkv", ("srt", SRT), *X264, "-c:s", "copy")
    with pytest.raises(MediaError, match="stream 2 .hdmv_pgs_subtitle. are images"):
        extract_subtitles(path, Track(2, "hdmv_pgs_subtitle"))
