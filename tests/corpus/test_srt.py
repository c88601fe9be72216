import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.transcripts import Cue, TranscriptError
from corpus.transcripts.reader import read


def parse(data):
    return read("film.srt", data).cues


ONE = "1\n00:00:01,000 --> 00:00:02,500\n{}\n"


def test_words_times_and_speaker():
    assert parse(ONE.format("张三：你好。").encode()) == [Cue(1.0, 2.5, "你好。", "张三")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding):
    assert parse(ONE.format("你好，世界").encode(encoding))[0].text == "你好，世界"


def test_markup_and_line_breaks_are_folded():
    assert parse(ONE.format("<i>你好</i>\r\n{\\an8}世界").encode())[0].text == "你好 世界"


@pytest.mark.parametrize(
    "words", ["现在是 12:30 了", "12:30了", "听好了，记住：别回头", "他说：", "“：”"]
)
def test_not_every_colon_names_a_speaker(words):
    assert parse(ONE.format(words).encode())[0].speaker == ""


def test_cues_come_in_order_of_time():
    late = "1\n00:00:09,000 --> 00:00:10,000\n后\n\n2\n00:00:01,000 --> 00:00:02,000\n前\n"
    assert [cue.text for cue in parse(late.encode())] == ["前", "后"]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "empty"),
        (b"\xff\xff\xff\x80\x80", "UTF-8, UTF-16, GB18030 or Big5"),
        (b"\x00\x01\x02\x03", "UTF-8|SRT"),
        (b"hello", "SRT"),
        ("1\n00:00:02,000 --> 00:00:01,000\n你好\n".encode(), "before it starts"),
        ("1\n00:00:01,000 -> 00:00:02,000\n你好\n".encode(), "SRT"),
    ],
)
def test_bad_files_are_refused_with_a_sentence(data, part):
    with pytest.raises(TranscriptError, match=part):
        parse(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_cues_or_a_sentence(data):
    try:
        cues = parse(data)
    except TranscriptError:
        return
    assert all(cue.end > cue.start for cue in cues)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3_000_000), st.integers(1, 10_000), st.text("你好世界，。啊", min_size=1)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_no_cue_is_lost(rows):
    def clock(ms):
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    text = "\n".join(
        f"{n}\n{clock(start)} --> {clock(start + length)}\n{words}\n"
        for n, (start, length, words) in enumerate(rows, 1)
    )
    cues = parse(text.encode())
    assert sorted(cue.text for cue in cues) == sorted(words for _, _, words in rows)
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
