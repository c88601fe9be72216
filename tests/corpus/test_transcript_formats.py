"""What each format of transcript may hold, and what is said of entries that cannot be read."""

import pytest

from corpus.encoding import EncodingError, damages, decode, detect
from corpus.transcripts import TranscriptError
from corpus.transcripts.characters import tidy
from corpus.transcripts.reader import Options, read

HEAD = "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"


def srt(*talks):
    return "\n\n".join(
        f"{n}\n00:00:{2 * n:02},000 --> 00:00:{2 * n + 1:02},000\n{talk}"
        for n, talk in enumerate(talks, 1)
    )


def ass(*rows):
    return HEAD + "".join(
        f"Dialogue: 0,0:00:{n:02}.00,0:00:{n:02}.90,{style},,0,0,0,,{talk}\n"
        for n, (style, talk) in enumerate(rows, 1)
    )


def cues(name, text, **options):
    found = read(name, text.encode(), options=Options(**options))
    return [(cue.start, cue.end, cue.text) for cue in found.cues]


def words(name, text, **options):
    return [text for _start, _end, text in cues(name, text, **options)]


def problems_in(name, text, **options):
    found = read(name, text.encode(), options=Options(**options)).problems
    return [(problem.line, problem.outcome, problem.value) for problem in found]


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("00:00:03,14 --> 00:00:05,06", 3.14, 5.06),
        ("00:00:07,5-->00:00:08,9", 7.5, 8.9),
        ("00:00:01:500  -->  00:00:02:750", 1.5, 2.75),
        ("01:03.5 --> 01:04.123456789", 63.5, 64.123456789),
        ("100:00:00,000 --> 100:00:01,000", 360000, 360001),
        ("0:0:7,001 --> 0:0:8,02 X1:40 X2:600 Y1:20 Y2:50", 7.001, 8.02),
        ("00：00：05，000 --> 00：00：06，000", 5, 6),
        ("12 00:00:01,000 --> 00:00:02,000", 1, 2),
        ("-00:00:01,000 --> 00:00:02,000", 0, 2),
        ("00:00:75,000 --> 00:01:20,000", 75, 80),
        ("00:00:01 -- > 00:00:02", 1, 2),
    ],
)
def test_times_of_srt(line, start, end):
    assert cues("a.srt", f"1\n{line}\n你好\n") == [(start, end, "你好")]


def test_unusual_fractions_are_reported_once():
    text = "1\n00:00:01,25 --> 00:00:02,750\na\n\n2\n00:00:03,000 --> 00:00:04,5\nb\n"
    (problem,) = read("a.srt", text.encode()).problems
    assert (problem.line, problem.outcome) == (2, "warning")
    assert problem.details["count"] == 2 and problem.details["widths"] == "1, 2"
    assert problem.details["example"] == "00:00:01,25" and problem.details["seconds"] == 1.25
    assert problems_in("a.srt", srt("a")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (srt("1988", "我出生在\n1988", "2"), ["1988", "我出生在 1988", "2"]),
        (srt("那年\n\n1999\n\n冬天", "好"), ["那年 1999 冬天", "好"]),
        (srt("你好", "1988", "再见\n1988").replace("\n\n", "\n"), ["你好", "1988", "再见 1988"]),
        (
            "00:00:01,000 --> 00:00:02,000\n1988\n\n00:00:03,000 --> 00:00:04,000\n好\n1999\n\n"
            "00:00:05,000 --> 00:00:06,000\n再见",
            ["1988", "好 1999", "再见"],
        ),
        (srt("a", "b", "c").replace("\n2\n", "\n1\n").replace("\n3\n", "\n1\n"), ["a", "b", "c"]),
        (
            srt("箭头 --> 这样", "从 00:01 --> 00:02 之间"),
            ["箭头 --> 这样", "从 00:01 --> 00:02 之间"],
        ),
        (srt("你好", "再见").replace("\n", "\r"), ["你好", "再见"]),
        (srt("你好", "再见").replace("\n", "\r\r\n"), ["你好", "再见"]),
        ("\ufeff" + srt("a") + "\n\n\ufeff2\n00:00:09,000 --> 00:00:10,000\nb", ["a", "b"]),
        ("1\n00:00:01,000 --> 00:00:02,000 你好，嗯\n", ["你好，嗯"]),
    ],
)
def test_numbers_blank_lines_and_line_ends_of_srt(text, expected):
    assert words("a.srt", text) == expected


def test_bad_entries_of_srt_are_reported_by_line_and_the_rest_is_read():
    text = (
        "头\n\n1\n00:00:01,000 --> 00:00:02,000\n好\n\n2\n00:00:05,000 --> 00:00:05,000\n嗯\n\n"
        "3\n00:00:06,000 --> 00:00:06,000\n\n\n4\nxx --> yy\n坏\n\n5\n00:00:09,000 00:00:10,000\n"
        "缺\n6\n00:00:xx --> 00:00:12,000\n错\n\n7\n00:00:14,000 --> 00:00:13,000\n倒\n\n"
        "8\n00:00:15,000 --> 00:00:xx,000\n坏\n"
    )
    assert words("a.srt", text) == ["好"]
    assert problems_in("a.srt", text) == [
        (1, "rejected", "头"),
        (8, "rejected", "嗯"),
        (16, "rejected", "4 xx --> yy 坏"),
        (20, "rejected", "5 00:00:09,000 00:00:10,000 缺"),
        (23, "rejected", "6 00:00:xx --> 00:00:12,000 错"),
        (27, "rejected", "倒"),
        (31, "rejected", "8 00:00:15,000 --> 00:00:xx,000 坏"),
    ]
    with pytest.raises(TranscriptError, match="SRT.*of 1, on line 2"):
        read("a.srt", b"1\n00:00:02,000 --> 00:00:01,000\nx\n")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("若 a < b 且 b > c", "若 a < b 且 b > c"),
        ("x < y 而且 y > z", "x < y 而且 y > z"),
        ("爱<3你们>呀", "爱<3你们>呀"),
        ("<笑>好", "<笑>好"),
        ("List<String> 和 Map<K, V>", "List<String> 和 Map<K, V>"),
        ("若a<b>c", "若a<b>c"),
        ("<i>真的</i>吗", "真的吗"),
        ("<B><I>大</I></B> <u>线</u>", "大 线"),
        ("<i>没有关上", "没有关上"),
        ('<font color="#f00" face=Arial>红</font>{\\an8}{\\i1}字', "红字"),
        ("{注}好", "{注}好"),
        ("<c.yellow.bg>黄</c><00:00:01.500>字", "黄字"),
        ("<lang en>Hi</lang> <b.loud>你</b>", "Hi 你"),
        ("<ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp>字<rt>zì</rt></ruby>好", "漢字好"),
        ("<rt>没有关上", "<rt>没有关上"),
        ("汤&amp;面 &#39;&#x4f60;&nbsp;&lt;i&gt;", "汤&面 '你 <i>"),
        ("&lt;b&gt;", "<b>"),
        ("&lt;b&gt;粗&lt;/b&gt;", "<b>粗</b>"),
        ("&amp;lt; AT&T; &copy2", "&lt; AT&T; &copy2"),
        ("一<br>二<br/>三", "一 二 三"),
    ],
)
def test_only_known_markup_is_markup(markup, text):
    expected = text if "<rt>" not in markup or "</" in markup else "没有关上"
    assert words("a.srt", srt(markup)) == [expected]
    vtt = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{markup}\n"
    assert words("a.vtt", vtt) == [expected]


VTT = """WEBVTT - talk
Kind: captions

STYLE
::cue(c) { color: red }

NOTE over
two --> lines

intro
00:01.000 --> 00:02.5000000 align:start position:0%
你好

NOTE

1988
00:03.000 --> 00:04.000
1988

00:05.000 --> soon
坏

00:06.000 --> 00:07.000
第一段

第二段

00:08.000 --> 00:09.000
完
"""


def test_webvtt():
    assert cues("a.vtt", VTT) == [
        (1, 2.5, "你好"), (3, 4, "1988"), (6, 7, "第一段 第二段"), (8, 9, "完"),
    ]  # fmt: skip
    assert problems_in("a.vtt", VTT) == [
        (11, "warning", "00:02.5000000"), (20, "rejected", "00:05.000 --> soon 坏"),
        (26, "repaired", "第二段"),
    ]  # fmt: skip


def test_what_looks_like_another_format_is_read_as_that_or_named():
    assert words("a.srt", VTT)[0] == "你好" and problems_in("a.srt", VTT)[0][:2] == (
        1,
        "warning",
    )
    assert words("a.vtt", srt("你好")) == ["你好"]
    assert words("a.ass", srt("你好")) == ["你好"]
    assert words("a.csv", srt("你好")) == ["你好"]
    with pytest.raises(TranscriptError, match="a.txt. It looks like SRT: call it .srt"):
        read("a.txt", srt("你好").encode())


def test_events_of_ass():
    text = HEAD + (
        "Dialogue: 0,0:00:01.00,0:00:02.00,*Default,,0,0,0,,你好，{\\i1}好{\\i0}\\N- 走\\h吗\n"
        "Dialogue: 0,0:00:05.00\n"
        "Dialogue: 0,xx,0:00:06.00,Default,,0,0,0,,坏\n"
        "Dialogue: 0,0:00:07.00,0:00:07.00,Default,,0,0,0,,零\n"
        "Dialogue: 0,-0:00:01.00,0:00:03.00,Default,,0,0,0,,负\n"
        "Comment: 0,0:00:10.00,0:00:11.00,Default,,0,0,0,,no\n"
        "Dialogue: 0,0:00:12.00,0:00:13.005,Default,,0,0,0,,{\\p1}m 0 0{\\p0}后{注}&amp;{没关\n"
        "何物\n[Fonts]\nfontname: x\n"
    )
    assert [text for _, _, text in cues("a.ass", text)] == [
        "负", "你好，好", "走 吗", "后&amp;{没关",
    ]  # fmt: skip
    assert cues("a.ass", text)[-1][:2] == (12, 13.005)
    assert problems_in("a.ass", text) == [
        (4, "rejected", "Dialogue: 0,0:00:05.00"), (5, "rejected", "坏"), (6, "rejected", "零"),
        (7, "repaired", "负"), (9, "repaired", "注"), (10, "rejected", "何物"),
    ]  # fmt: skip


def test_fields_of_ass_stand_in_the_order_that_the_file_says():
    text = (
        "[events]\nFormat: Marked, Text, Start, End, Style, Actor\n"
        "Dialogue: Marked=0,你好,世界,0:00:01.00,0:00:02.00,Default,张三\n"
    )
    (cue,) = read("a.ssa", text.encode()).cues
    assert (cue.text, cue.speaker, cue.start, cue.line) == ("你好,世界", "张三", 1, 3)


def test_styles_of_signs_and_songs_are_not_proposed():
    text = ass(("Default", "你好"), ("OP-Romaji", "la la"), ("牌子", "{\\pos(1,1)}商店"))
    assert words("a.ass", text) == ["你好"]
    found = read("a.ass", text.encode())
    assert [(tier.name, tier.read, tier.count) for tier in found.tiers] == [
        ("Default", True, 1), ("OP-Romaji", False, 1), ("牌子", False, 1),
    ]  # fmt: skip
    assert [problem.value for problem in found.problems] == ["la la", "商店"]
    assert words("a.ass", text, tiers=("OP-Romaji",)) == ["la la"]
    assert words("a.ass", ass(("OP", "la"))) == ["la"]  # all there is


GRID = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "utterances"
        xmin = 0
        xmax = 5
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 1
            text = ""
        intervals [2]:
            xmin = abc
            xmax = 2
            text = "坏 ""了"""
        intervals [3]:
            xmin = 2
            xmax = 3.5
            text = "再见
第二行"
        intervals [4]:
            xmin = 4
            xmax = 4
            text = "零"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 5
            text = "a"
    item [3]:
        class = "TextTier"
        name = "points"
        xmin = 0
        xmax = 5
        points: size = 1
        points [1]:
            number = 1.5
            mark = "click"
'''


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_textgrid(encoding):
    found = read("a.TextGrid", GRID.encode(encoding))
    assert [(c.start, c.end, c.text, c.speaker) for c in found.cues] == [
        (2, 3.5, "再见 第二行", "")
    ]
    assert [(p.line, p.column, p.value) for p in found.problems] == [
        (0, "phones", "a"), (0, "points", "click"), (21, "utterances", '坏 "了"'),
        (29, "utterances", "零"),
    ]  # fmt: skip


def test_short_textgrid_of_words():
    text = (
        'File type = "ooTextFile"\n"TextGrid"\n0\n5\n<exists>\n2\n"IntervalTier"\n"Mary - words"\n'
        '0\n5\n2\n0\n1\n""\n1\n2\n"hi"\n"IntervalTier"\n"Mary - phones"\n0\n5\n1\n0\n5\n"h"\n'
    )
    (cue,) = read("a.TextGrid", text.encode()).cues
    assert (cue.text, cue.speaker) == ("hi", "Mary")


def annotation(id, words, one="", two="", parent=""):
    times = f' TIME_SLOT_REF1="{one}" TIME_SLOT_REF2="{two}"' if one else ""
    kind = "ALIGNABLE" if one else "REF"
    refers = f' ANNOTATION_REF="{parent}"' if parent else ""
    return (
        f'<ANNOTATION><{kind}_ANNOTATION ANNOTATION_ID="{id}"{times}{refers}>\n'
        f"<ANNOTATION_VALUE>{words}</ANNOTATION_VALUE></{kind}_ANNOTATION></ANNOTATION>\n"
    )


def elan(*tiers, origin="0"):
    slots = "".join(f'<TIME_SLOT TIME_SLOT_ID="t{n}" TIME_VALUE="{n}000"/>\n' for n in range(1, 10))
    body = "".join(f"<TIER {has}>\n{rows}</TIER>\n" for has, rows in tiers)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT>\n<HEADER'
        f' TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR TIME_ORIGIN="{origin}"/></HEADER>\n'
        f"<TIME_ORDER>{slots}</TIME_ORDER>\n{body}</ANNOTATION_DOCUMENT>"
    )


def test_elan_with_an_origin_child_tiers_and_annotations_without_a_time():
    text = elan(
        ('TIER_ID="A" PARTICIPANT="张三"', annotation("a1", "灯呢？", "t1", "t2")),
        ('TIER_ID="tx@李四"', annotation("a2", "停电了 &amp; 黑", "t3", "t4")),
        ('TIER_ID="王五"', annotation("a3", "没有", "t5", "t99")),
        ('TIER_ID="A translation" PARENT_REF="A"', annotation("a4", "The lamp?", parent="a1")),
        ('TIER_ID="speaker" PARENT_REF="tx@李四"', annotation("a5", "赵六", parent="a2")),
        ('TIER_ID="gesture"', annotation("a6", "wave", "t1", "t2")),
        (
            'TIER_ID="A parts" PARENT_REF="A"',
            annotation("a7", "灯", parent="a1") + annotation("a8", "呢呢呢", parent="a1"),
        ),
        origin="10000",
    )
    found = read("a.eaf", text.encode())
    assert [(c.start, c.end, c.speaker, c.text, c.translation) for c in found.cues] == [
        (11, 12, "张三", "灯呢？", "The lamp?"), (13, 14, "赵六", "停电了 & 黑", ""),
    ]  # fmt: skip
    assert {(p.column, p.outcome) for p in found.problems} == {
        ("TIME_ORIGIN", "warning"), ("gesture", "warning"), ("A parts", "warning"),
        ("王五 a3", "rejected"),
    }  # fmt: skip
    parts = read("a.eaf", text.encode(), options=Options(tiers=("A parts",))).cues
    assert [(c.start, c.end, c.text, c.estimated) for c in parts] == [
        (11, 11.25, "灯", True), (11.25, 12, "呢呢呢", True),
    ]  # fmt: skip
    assert {c.speaker for c in parts} == {"张三"}


def test_a_broken_elan_file_is_read_up_to_where_it_breaks():
    text = elan(('TIER_ID="A"', annotation("a1", "好", "t1", "t2") + annotation("a2", "坏", "t3")))
    cut = text[: text.index("坏")]
    assert words("a.eaf", cut) == ["好"]
    assert [outcome for _, outcome, _ in problems_in("a.eaf", cut)] == ["rejected"]


ROLLING = """WEBVTT

00:00.160 --> 00:02.310
 
hello<00:00.480><c> world</c>

00:02.310 --> 00:02.320
hello world
 

00:02.320 --> 00:04.500
hello world
next line

00:04.500 --> 00:04.510
next line
 

00:04.510 --> 00:06.500
next line
and more
"""  # noqa: W293


def test_rolling_captions_are_reported_and_read_once_on_request():
    found = read("a.vtt", ROLLING.encode())
    assert found.rolling == 4 and len(found.cues) == 5
    assert [problem.details["count"] for problem in found.problems] == [4]
    assert cues("a.vtt", ROLLING, rolling=True) == [
        (0.16, 2.31, "hello world"), (2.32, 4.5, "next line"), (4.51, 6.5, "and more"),
    ]  # fmt: skip
    assert read("a.srt", srt("对", "对", "对", "不对").encode()).rolling == 0


def pairs(name, text, **options):
    found = read(name, text.encode(), options=Options(**options))
    return [(cue.text, cue.translation) for cue in found.cues]


BOTH = [("你好", "Hello"), ("1988", "Nineteen"), ("……", "Hmm"), ("OK！", "Okay!"), ("再见", "Bye")]


@pytest.mark.parametrize(
    ("talks", "expected"),
    [
        ([f"{one}\n{two}" for one, two in BOTH], BOTH),
        ([f"{two}\n{one}" for one, two in BOTH], BOTH),
        (["你好\nこんにちは", "了解\n了解", "OK\nオーケー"],
         [("你好", "こんにちは"), ("了解", "了解"), ("OK", "オーケー")]),
        (["你好\n안녕", "好\n응", "好的"], [("你好", "안녕"), ("好", "응"), ("好的", "")]),
        (["你们来了\n你們來了", "没关系\n沒關係", "走吧\n走吧"],
         [("你们来了", "你們來了"), ("没关系", "沒關係"), ("走吧", "走吧")]),
        (["三行\nthree lines\nwrapped", "好\n吧\nWell"],
         [("三行", "three lines wrapped"), ("好 吧", "Well")]),
        (["- 你好\n- 再见\n- Hello\n- Bye", "好\nOK"],
         [("你好", "Hello"), ("再见", "Bye"), ("好", "OK")]),
        (["你好\nHello\n再见\nBye", "好\nOK"], [("你好 再见", "Hello Bye"), ("好", "OK")]),
        (["你好\n朋友", "好\nOK", "走\nGo", "Fine"],
         [("你好 朋友", ""), ("好", "OK"), ("走", "Go"), ("Fine", "")]),
    ],
)  # fmt: skip
def test_two_languages(talks, expected):
    assert pairs("a.srt", srt(*talks)) == expected


def test_which_line_is_the_transcript_is_a_switch():
    text = srt("你好\nHello", "再见\nBye")
    assert pairs("a.srt", text, bilingual="second") == [("Hello", "你好"), ("Bye", "再见")]
    assert pairs("a.srt", text, bilingual="no") == [("你好 Hello", ""), ("再见 Bye", "")]
    single = srt("一\n二", "三\n四")
    assert pairs("a.srt", single) == [("一 二", ""), ("三 四", "")]
    assert pairs("a.srt", single, bilingual="first") == [("一", "二"), ("三", "四")]


def test_two_entries_at_the_same_time_in_two_languages_are_one():
    rows = [(style, talk) for both in BOTH for style, talk in zip(("CN", "EN"), both, strict=True)]
    times = [f"0:00:0{n // 2}.00,0:00:0{n // 2}.90" for n in range(len(rows))]
    text = HEAD + "".join(
        f"Dialogue: 0,{time},{style},,0,0,0,,{talk}\n"
        for time, (style, talk) in zip(times, rows, strict=True)
    )
    assert pairs("a.ass", text) == BOTH
    double = "".join(
        f"1\n00:00:0{n},000 --> 00:00:0{n},900\n{talk}\n\n"
        for n, both in enumerate(BOTH[:1] + BOTH[-1:])
        for talk in both
    )
    assert pairs("a.srt", double) == [BOTH[0], BOTH[-1]]
    people = double.replace("Hello", "早").replace("Bye", "走")
    assert pairs("a.srt", people) == [("你好", ""), ("早", ""), ("再见", ""), ("走", "")]


@pytest.mark.parametrize(
    ("text", "expected", "removed"),
    [
        ("\u200b晚\u200b安\ufeff朋\u200d友", "晚安朋友", 4),
        ("\u202a李雷\u202c\u2066\u2069\u200e\u200f\u061c", "李雷", 7),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧", 0),
        ("❤\ufe0f\u200d🔥 👩🏽\u200d🚀", "❤\ufe0f\u200d🔥 👩🏽\u200d🚀", 0),
        ("می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष", 0),
        ("co\u00adop a\u2060b", "coop ab", 2),
        ("葛\U000e0100 1\ufe0f\u20e3 a\ufe0f", "葛\U000e0100 1\ufe0f\u20e3 a", 1),
        ("🏴\U000e0067\U000e007f \U000e0067", "🏴\U000e0067\U000e007f ", 1),
    ],
)  # fmt: skip
def test_characters_that_nobody_sees_are_removed(text, expected, removed):
    found = tidy(text)
    assert (found.text, found.invisible) == (expected, removed)


def test_invisible_and_control_characters_are_counted_and_an_empty_entry_is_none():
    found = read(
        "a.srt", srt("晚\u200b安\x07", "\u200b", "a\u2028b\x85c\u3000d\xa0e", "\u200b好").encode()
    )
    assert [cue.text for cue in found.cues] == ["晚安", "a b c d e", "好"] and found.empty == 1
    assert [(p.line, p.details["count"]) for p in found.problems] == [(2, 3), (2, 1)]


def test_damaged_bytes_are_named_and_can_be_replaced():
    data = bytearray(srt("今天天气真好", "我们走吧").encode())
    data[data.index("天".encode())] = 0xFF
    place = data.index(0xFF)
    with pytest.raises(EncodingError, match=rf"not text in utf-8: in line 3, at byte {place}"):
        decode(bytes(data))
    with pytest.raises(TranscriptError, match="line 3"):
        read("a.srt", bytes(data))
    found = read("a.srt", bytes(data), options=Options(replace=True))
    assert found.cues[0].text == "今���天气真好" and found.replaced == 1
    assert [(p.line, p.outcome) for p in found.problems] == [(3, "repaired")]
    chinese = bytearray(srt("今天天气真好", "我们走吧").encode("gb18030"))
    chinese[-1] = 0xFF
    (damage,) = damages(bytes(chinese), detect(bytes(chinese)))
    assert damage.line == 7 and damage.bytes.endswith(b"\xff")


@pytest.mark.parametrize("talk", ["谢谢", "嗯", "再见", "早上好。", "真的吗？"])
def test_short_files_are_recognised(talk):
    assert detect(srt(talk).encode("gb18030")) == "gb18030"
    assert detect(srt(talk).encode("utf-8")) == "utf-8"


@pytest.mark.parametrize(
    ("talk", "encoding"),
    [
        ("為什麼", "big5"),
        ("ありがとう", "shift_jis"),
        ("안녕하세요", "euc-kr"),
        ("très", "windows-1252"),
    ],
)
def test_other_encodings_are_recognised(talk, encoding):
    assert detect(srt(talk).encode(encoding)) == encoding
    assert words("a.srt", srt(talk)) == [talk]


def test_equal_times_keep_their_order():
    text = "".join(f"{n}\n00:00:01,000 --> 00:00:0{9 - n},000\n第{n}\n\n" for n in range(1, 5))
    assert words("a.srt", text) == ["第1", "第2", "第3", "第4"]


def test_options_are_kept_without_what_is_proposed():
    options = Options(prefixes="listed", names=("张三",), dashes=False)
    kept = {"prefixes": "listed", "names": ["张三"], "dashes": False}
    assert options.to_json() == kept and Options.from_json(kept) == options
    assert Options().to_json() == {} and Options.from_json({"names": 5, "other": 1}) == Options()
