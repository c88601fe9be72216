"""Nothing that a transcript says is lost unsaid, and no file makes the reading stumble."""

import random
import unicodedata
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.transcripts import TranscriptError
from corpus.transcripts.reader import Options, read

PIECES = st.sampled_from(
    ["你好", "再见", "Hello", "world", "张三：", "- ", "——", "1988", "4:1", "OK！", "……",
     "（笑）", "♪ 啦", "x < y", "<i>", "</i>", "&amp;", "\u200b", "\n", " ", "-5", "➡", "𠮷",
     "{注}", "：", "a --> b"]
)  # fmt: skip
TALK = st.lists(PIECES, min_size=1, max_size=8).map("".join)


def clock(seconds, mark=","):
    return f"00:{seconds // 60:02}:{seconds % 60:02}{mark}000"


def as_srt(talks):
    return "\n\n".join(
        f"{n}\n{clock(n)} --> {clock(n + 1)}\n{talk}" for n, talk in enumerate(talks, 1)
    )


def as_vtt(talks):
    return "WEBVTT\n\n" + "\n\n".join(
        f"{clock(n, '.')} --> {clock(n + 1, '.')}\n{talk}" for n, talk in enumerate(talks, 1)
    )


def as_ass(talks):
    return "[Events]\n" + "\n".join(
        f"Dialogue: 0,0:{n // 60:02}:{n % 60:02}.00,0:{n // 60:02}:{n % 60:02}.90,Default,,0,0,0,,"
        + talk.replace("\n", "\\N")
        for n, talk in enumerate(talks, 1)
    )


def as_csv(talks):
    cells = (talk.replace('"', '""') for talk in talks)
    return "start,end,text\n" + "\n".join(
        f'{n},{n + 1},"{cell}"' for n, cell in enumerate(cells, 1)
    )


WRITERS = {"a.srt": as_srt, "a.vtt": as_vtt, "a.ass": as_ass, "a.csv": as_csv}
ALSO = {"a.ass": ["{注}"]}  # comments in braces are counted, and only the first is shown


def letters(text):
    return [sign for sign in text if unicodedata.category(sign)[0] in "LN"]


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=150, deadline=None)
@given(st.lists(TALK, min_size=1, max_size=8))
@example(["你好", "\n你好\na --> b"])  # it reads as the name of a cue without times
@example(["你好", "\n1988\na --> b"])  # as the index
def test_every_letter_is_in_a_cue_a_note_or_a_problem(name, talks):
    try:
        found = read(name, WRITERS[name](talks).encode())
    except TranscriptError as error:
        assert "no line of talk" in str(error)
        return
    said = [cue.speaker + cue.text + cue.translation for cue in found.cues]
    said += found.notes + [problem.value for problem in found.problems]
    written = "".join(talks)
    for markup in ("<i>", "</i>", "&amp;", *ALSO.get(name, [])):
        written = written.replace(markup, "")
    assert not Counter(letters(written)) - Counter(letters("".join(said)))


@pytest.mark.parametrize("name", [*WRITERS, "a.eaf", "a.TextGrid"])
def test_a_file_that_was_changed_anywhere_is_read_or_refused(name):
    chance = random.Random(name)
    grid = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n5\n<exists>\n1\n"IntervalTier"\n'
        '"张三"\n0\n5\n2\n0\n1\n"你好"\n1\n2\n"再见"\n'
    )
    annotations = (
        '<?xml version="1.0"?><ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds"/><TIME_ORDER>'
        '<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1"/><TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="9"/>'
        '</TIME_ORDER><TIER TIER_ID="张三"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="x"'
        ' TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"><ANNOTATION_VALUE>你好</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"
    )
    whole = {"a.eaf": annotations, "a.TextGrid": grid}.get(name) or WRITERS[name](
        ["张三：你好\n李四：走", "- 一\n- 二", "<i>x</i> <v A>b</v>&#9;", "你\nHello"] * 2
    )
    tokens = [
        "-->",
        "\n",
        '"',
        "<",
        ">",
        "&#0;",
        "\u200d",
        "\x00",
        "1e999",
        "-",
        "：",
        "{\\p1}",
        "٣",
    ]
    options = [Options(), Options(rolling=True, bilingual="second"), Options(prefixes="none"),
               Options(replace=True, dashes=False), Options(tiers=("张三", "b"))]  # fmt: skip
    for _ in range(400):
        text = whole
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(text) + 1)
            put = chance.choice([*tokens, chr(chance.randrange(1, 0xD800)), text[at : at + 30]])
            text = text[:at] + put + text[at + chance.choice([0, 0, 1, 9]) :]
        data = bytearray(text.encode())
        if chance.random() < 0.3:
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            found = read(name, bytes(data), options=chance.choice(options))
        except TranscriptError:
            continue
        assert all(0 <= cue.start < cue.end and cue.text.strip() for cue in found.cues)
        for problem in found.problems:
            assert problem.reason % problem.details if problem.details else problem.reason
            assert len(problem.column) <= 80
