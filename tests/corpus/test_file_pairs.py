"""Episodes and transcripts that belong together by their names."""

import unicodedata

import pytest

from corpus.file_pairs import pair_names


def paired(*paths):
    return [(pair.media, pair.transcript) for pair in pair_names(paths).pairs]


@pytest.mark.parametrize(
    ("media", "transcript"),
    [
        ("E01.mp4", "e01.SRT"),
        ("E01.mp4", "E01.zh.srt"),
        ("E01.mp4", "E01.chs&eng.ass"),
        ("E01.mp4", "E01_zh-CN.srt"),
        ("E01.mp4", "E01.中文字幕.srt"),
        ("雨夜.mp4", "雨夜【简体】.srt"),
        ("show/E01.mkv", "show/subs/E01.srt"),
        ("show/视频/E01.mkv", "show/字幕/E01.srt"),
        ("爱情电视.mp4", "愛情電視.srt"),
        (unicodedata.normalize("NFD", "Café.mp4"), unicodedata.normalize("NFC", "Café.srt")),
        ("Show.S01E02.1080p.mkv", "Show - S01E02.srt"),
        ("家有儿女 第2集.mp4", "第二集 字幕.srt"),
        ("第12集.mp4", "第十二集.srt"),
        ("EP02 720p.mp4", "episode 2.csv"),
        ("Season 1/E03.x264.mkv", "Season 1/E03 talk.srt"),
    ],
)
def test_a_pair_is_recognised(media, transcript):
    assert paired(media, transcript, "unlike.mp4") == sorted(
        [(media, transcript), ("unlike.mp4", "")]
    )


def test_seasons_are_kept_apart():
    files = ["S01/E01.mp4", "S02/E01.mp4", "S02/E01.srt"]
    assert paired(*files) == [("S01/E01.mp4", ""), ("S02/E01.mp4", "S02/E01.srt")]
    assert paired("a S01E01.mp4", "b S02E01.srt") == [("a S01E01.mp4", ""), ("", "b S02E01.srt")]


def test_what_is_doubtful_is_left_to_people():
    found = paired("E01 a.mp4", "E01 b.mp4", "E01 c.srt")
    assert found == [("E01 a.mp4", ""), ("E01 b.mp4", ""), ("", "E01 c.srt")]
    assert paired("E01.mp4", "E10.srt") == [("E01.mp4", ""), ("", "E10.srt")]


def test_the_best_of_several_transcripts_is_taken_and_the_others_are_named():
    found = pair_names(["E01.mp4", "E01.en.srt", "E01.srt", "E01.zh.ass", "cover.jpg"])
    assert [(pair.media, pair.transcript) for pair in found.pairs] == [("E01.mp4", "E01.srt")]
    assert found.alternatives == ["E01.en.srt", "E01.zh.ass"]
    assert found.unusable == ["cover.jpg"]


def test_titles_are_names_and_differ():
    titles = [pair.title for pair in pair_names(["s/1/E01.mp4", "s/2/E01.mp4", "s/雨.mp4"]).pairs]
    assert titles == ["s/1/E01", "s/2/E01", "雨"]
