"""Every kind of transcript through `reading.read`, and what is done to its lines."""

import io
import json

import openpyxl
import pympi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from praatio import textgrid
from praatio.utilities.constants import Interval

from corpus.encoding import ENCODINGS, EncodingError, decode, detect
from corpus.transcripts import Cue, RawCue, TranscriptError
from corpus.transcripts.cue_cleanup import clean
from corpus.transcripts.reader import SUFFIXES, columns, read
from corpus.turns import LONGEST_TEXT

EXPECTED = [Cue(1.0, 2.5, "你好，世界", "张三"), Cue(3.0, 4.0, "再见", "李四")]
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,李四：再见
Comment: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,translator's note
Dialogue: 0,0:00:01.00,0:00:02.50,Default,张三,0,0,0,,{\\k20}你{\\k30}好，{\\i1}世界{\\i0}
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}
"""
VTT = """WEBVTT - a title

NOTE nobody says this

one
00:01.000 --> 00:02.500 align:start
<v 张三>你好，<b>世界</b></v>

00:00:03.000 --> 00:00:04.000
李四：再见
"""


def eaf(tmp_path):
    elan = pympi.Elan.Eaf()
    elan.remove_tier("default")
    elan.add_tier("张三")
    elan.add_annotation("张三", 1000, 2500, "你好，世界")
    elan.add_tier("T2", part="李四")
    elan.add_annotation("T2", 3000, 4000, "再见")
    elan.to_file(str(tmp_path / "x.eaf"))
    return (tmp_path / "x.eaf").read_bytes()


def praat(tmp_path):
    grid = textgrid.Textgrid()
    grid.addTier(textgrid.IntervalTier("张三", [Interval(1.0, 2.5, "你好，世界")], 0, 5))
    grid.addTier(textgrid.IntervalTier("李四", [Interval(3.0, 4.0, "再见")], 0, 5))
    grid.save(str(tmp_path / "x.TextGrid"), "long_textgrid", includeBlankSpaces=True)
    return (tmp_path / "x.TextGrid").read_bytes()


def xlsx(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_every_kind_says_the_same(tmp_path):
    header = ("开始", "结束", "台词", "说话人")
    rows = [("1.0", "00:00:02,500", "你好，世界", "张三"), ("0:03", "4", "再见", "李四")]
    json_lines = "\n".join(
        json.dumps(dict(zip(("start", "end", "text", "speaker"), row)), ensure_ascii=False)
        for row in rows
    )
    tsv = "\n".join("\t".join(row) for row in [header, *rows])
    csv = "\n".join(",".join(f'"{cell}"' for cell in row) for row in [header, *rows])
    files = {
        "a.ass": ASS.encode("utf-8-sig"),
        "a.SSA": ASS.encode("gb18030"),
        "a.vtt": VTT.encode(),
        "a.eaf": eaf(tmp_path),
        "a.TextGrid": praat(tmp_path),
        "a.tsv": tsv.encode("utf-16"),
        "a.csv": csv.encode("gb18030"),
        "a.jsonl": json_lines.encode(),
        "a.xlsx": xlsx(header, *rows),
    }
    for name, data in files.items():
        assert read(name, data).cues == EXPECTED, name


def test_columns_are_guessed_and_can_be_named():
    data = b"when,until,what,who\n1,2,hello there,A\n"
    assert columns("a.csv", data) == ["when", "until", "what", "who"]
    with pytest.raises(TranscriptError, match="start, end, text"):
        read("a.csv", data)
    mapping = {"start": "when", "end": "until", "text": "what", "speaker": "who"}
    found = read("a.csv", data, mapping=mapping)
    assert found.cues == [Cue(1.0, 2.0, "hello there", "A")] and found.mapping == mapping


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("a.doc", b"x", "ends in one of"),
        ("a.ass", b"hello", r"no \[Events\]"),
        ("a.vtt", b"hello", "WebVTT"),
        ("a.vtt", b"WEBVTT\n\nabc --> def\nx\n", "WebVTT.*line 3"),
        ("a.eaf", b"<x/>", "ELAN|no line"),
        ("a.eaf", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "entities"),
        ("a.TextGrid", b"hello", "TextGrid"),
        ("a.csv", b"start,end,text\n2,1,x\n", "line 2 ends"),
        ("a.csv", b"start,end,text\n1,soon,x\n", "line 2: .soon. is no time"),
        ("a.jsonl", b'{"start": 1}\nhello\n', "Line 2|Say which"),
        ("a.jsonl", b"[1]\n", "Line 1 is not a JSON object"),
        ("a.xlsx", b"PK\x03\x04nothing", "XLSX"),
        ("a.tsv", b"start\tend\ttext\n", "no rows"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n（音乐）\n".encode(), "no line of talk"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(name, data, part):
    with pytest.raises(TranscriptError, match=part):
        read(name, data)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(SUFFIXES), st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_arbitrary_bytes_give_cues_or_a_sentence(suffix, data):
    try:
        found = read(f"x{suffix}", data)
    except TranscriptError:
        return
    assert all(0 <= cue.start < cue.end for cue in found.cues)


CHINESE = "你好，今天的天氣真好，一起去公園玩吧。\r\n再見。" * 3
JAPANESE = "おはようございます。\r\n今日は天気がいいですね。コーヒーを飲みますか。\r\n"
SAYINGS = {
    "shift_jis": JAPANESE,
    "euc-jp": JAPANESE,
    "euc-kr": "안녕하세요. 잘 지냈어요?\r\n네, 감사합니다. 또 만나요.\r\n",
    "windows-1252": "Où êtes-vous déjà allé ? Schöne Grüße.\r\n",
    "windows-1251": "Привет, как дела? Хорошо.\r\n",
}


@pytest.mark.parametrize(
    "encoding", [*(e for e in ENCODINGS if e != "iso-8859-1"), "utf-8-sig", "utf-32-le"]
)
def test_encodings_are_found(encoding):
    text = SAYINGS.get(encoding, CHINESE)
    data = text.encode(encoding)
    assert decode(data) == text.replace("\r\n", "\n")
    assert decode(data, detect(data)) == decode(data)


def test_a_wrong_choice_of_encoding_is_said():
    with pytest.raises(EncodingError, match="not text in utf-8"):
        decode("你好".encode("gb18030"), "utf-8")


def test_sound_notes_are_counted_not_spoken():
    raw = [RawCue(0, 1, ("（音乐）",)), RawCue(1, 2, ("♪ la la",)), RawCue(2, 3, ("[笑声]",)),
           RawCue(3, 4, ("（小声）你来",)), RawCue(4, 5, ("- ", ""))]  # fmt: skip
    found = clean(raw)
    assert [cue.text for cue in found.cues] == ["（小声）你来"]
    assert (found.sounds, found.empty) == (3, 1)


def test_bilingual_lines_are_split_where_the_file_is_bilingual():
    raw = [RawCue(n, n + 1, (f"第{n}句", f"line number {n}")) for n in range(4)]
    found = clean([*raw, RawCue(9, 10, ("只有中文",))])
    assert found.bilingual
    assert (found.cues[0].text, found.cues[0].translation) == ("第0句", "line number 0")
    assert (found.cues[4].text, found.cues[4].translation) == ("只有中文", "")
    once = clean(
        [RawCue(0, 1, ("他说", "OK fine")), *(RawCue(n, n + 1, ("好",)) for n in (2, 3, 4))]
    )
    assert not once.bilingual and once.cues[0].text == "他说 OK fine"


@given(st.lists(st.tuples(st.text(max_size=12), st.integers(0, 99)), max_size=20))
def test_every_entry_is_talk_a_sound_or_empty(rows):
    raw = [
        RawCue(start, start + 1 + n, tuple(text.split("\n")), line=n)
        for n, (text, start) in enumerate(rows, 1)
    ]
    found = clean(raw)
    assert {cue.line for cue in found.cues} <= {cue.line for cue in raw}
    assert len(found.cues) + found.sounds + found.empty >= len(raw)
    assert [cue.start for cue in found.cues] == sorted(cue.start for cue in found.cues)


def test_an_entry_beyond_what_the_editor_takes_is_left_out_and_reported():
    entry = "{0}\n00:00:0{0},000 --> 00:00:0{0},900\n{1}\n\n"
    long = "字" * (LONGEST_TEXT + 1)
    found = read("a.srt", (entry.format(1, long) + entry.format(2, long[1:])).encode())
    assert [len(cue.text) for cue in found.cues] == [LONGEST_TEXT]
    (problem,) = (p for p in found.problems if p.outcome == "rejected")
    reason = "The entry has more than 5000 characters: left out."
    assert problem.reason % problem.details == reason and problem.line <= 3
    assert len(problem.value) == 200
    with pytest.raises(TranscriptError, match="Every entry of the transcript has more than 5000"):
        read("a.srt", entry.format(1, long).encode())
