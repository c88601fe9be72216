"""Names before a colon, and several speakers in one entry."""

import pytest

from corpus.transcripts.reader import Options, read
from corpus.transcripts.speakers import plausible, prefix


def srt(*talks):
    return "\n\n".join(
        f"{n}\n00:00:{2 * n:02},000 --> 00:00:{2 * n + 1:02},000\n{talk}"
        for n, talk in enumerate(talks, 1)
    ).encode()


def said(*talks, **options):
    found = read("a.srt", srt(*talks), options=Options(**options))
    return [(cue.speaker, cue.text) for cue in found.cues]


@pytest.mark.parametrize(
    "words",
    ["昨晚红队4:1大胜", "火车8:15开", "上半场2：2", "见http://example.org/wiki", "按2:3调味",
     "明晚19:30集合", "ftp://a.b/c", "写信到mailto:a@b.c", "在C:\\Users里", "C:/temp", "好的:)",
     "哈哈:D", "难过:-(", "开心:smile:", "std::move", "3:00 PM", "他说：走", "我觉得：不行",
     "注意：前方", "问题是：谁去", "第一：吃饭", "时间：八点", "例如：苹果", "答案是：二",
     "结果：赢了", "地址：北京", "PS: call me", "Note: done", "Warning: hot", "As follows: one",
     "心情：很好", "听好了，记住：别回头", "“他说”：走", "王总问道：谁", "方案：明天定",
     "周五：开会", "谢谢：再见", "Breakfast: eggs", "（小声）走", "他的名字是：王五",
     "于是：散了", "总之：好", "比分4: 1", "请大家务必注意下面这件事：关门",
     "Rule number one: run"],
)  # fmt: skip
def test_a_colon_in_words_is_no_speaker(words):
    assert said(words) == [("", words)]


@pytest.mark.parametrize(
    ("words", "speaker", "rest"),
    [("王五：我知道", "王五", "我知道"), ("- 赵六：走了", "赵六", "走了"),
     ("张三 : 你好", "张三", "你好"), ("欧阳锋：哈", "欧阳锋", "哈"),
     ("妈妈：吃饭", "妈妈", "吃饭"), ("李经理：请坐", "李经理", "请坐"),
     ("老王：来", "老王", "来"), ("阿强：来", "阿强", "来"), ("旁白：那年", "旁白", "那年"),
     ("男1：走", "男1", "走"), ("哈利·波特：跑", "哈利·波特", "跑"),
     ("DR. SMITH: sit", "DR. SMITH", "sit"), ("Mary-Ann: yo", "Mary-Ann", "yo"),
     ("Speaker 1: 2 apples", "Speaker 1", "2 apples"), ("SPEAKER_00: hi", "SPEAKER_00", "hi"),
     ("王五（低声）：别动", "王五", "（低声）别动"), ("【张三】：好", "张三", "好"),
     ("[Mary]: hi", "Mary", "hi"), ("张三：12点走", "张三", "12点走"),
     ("张三：\n走吧", "张三", "走吧"), ("诸葛亮：借箭", "诸葛亮", "借箭"),
     ("何炅：大家好", "何炅", "大家好"), ("二叔：坐", "二叔", "坐"),
     ("O'Brien: sit", "O'Brien", "sit"), ("McCoy: no", "McCoy", "no")],
)  # fmt: skip
def test_a_name_before_a_colon_is_a_speaker_though_it_stands_once(words, speaker, rest):
    assert said(words) == [(speaker, rest)]


def test_an_unknown_name_is_one_where_it_recurs():
    talk = ["苏格拉底：认识你自己", "苏格拉底：我一无所知", "苏格拉底：走吧"]
    assert {speaker for speaker, _ in said(*talk)} == {"苏格拉底"}
    assert said(talk[0]) == [("", talk[0])]
    assert said("A：你好", "B：再见") == [("A", "你好"), ("B", "再见")]
    assert said("问：谁", "答：我") == [("问", "谁"), ("答", "我")]
    assert said("【张三】走", "【张三】停") == [("张三", "走"), ("张三", "停")]


def test_a_person_decides():
    talk = ["张三：走", "苏格拉底：跑", "李四：停"]
    assert said(*talk, prefixes="none") == [("", line) for line in talk]
    listed = [("", talk[0]), ("苏格拉底", "跑"), ("", talk[2])]
    assert said(*talk, prefixes="listed", names=("苏格拉底",)) == listed
    chosen = [("", talk[0]), ("苏格拉底", "跑"), ("李四", "停")]
    assert said(*talk, taken=("苏格拉底",), left=("张三",)) == chosen
    found = read("a.srt", srt(*talk), options=Options(left=("张三",))).speakers
    assert [(each.name, each.count, each.taken, each.proposed) for each in found] == [
        ("李四", 1, True, True), ("张三", 1, False, True), ("苏格拉底", 1, False, False),
    ]  # fmt: skip
    assert found[0].examples == ("停",)


@pytest.mark.parametrize(
    ("words", "turns"),
    [
        (
            "张三：票在我这儿。\n李四：那太好了。",
            [("张三", "票在我这儿。"), ("李四", "那太好了。")],
        ),
        ("- 你带钱了吗？\n- 带了。", [("", "你带钱了吗？"), ("", "带了。")]),
        ("– 一\n还有\n— 二", [("", "一 还有"), ("", "二")]),
        ("你好\n- 再见", [("", "你好"), ("", "再见")]),
        ("- 你去吗？ - 去。", [("", "你去吗？"), ("", "去。")]),
        (">> JOHN: hi\n>> MARY: yo", [("JOHN", "hi"), ("MARY", "yo")]),
        ("- 你好", [("", "你好")]),
        ("-5度", [("", "-5度")]),
        ("——我不知道", [("", "——我不知道")]),
        ("- 几个？\n-5个。", [("", "几个？"), ("", "5个。")]),
        ("2020-01-02\n-10度", [("", "2020-01-02 -10度")]),
        ("我是说—\n—算了", [("", "我是说— —算了")]),
        ("我们-他们", [("", "我们-他们")]),
        ("——去吗？\n——去。", [("", "去吗？"), ("", "去。")]),
    ],
)
def test_several_speakers_in_an_entry_are_several_lines(words, turns):
    assert said(words) == turns


def test_speakers_of_an_entry_share_its_time_by_what_they_say():
    one, two = read("a.srt", srt("- 一二三四五六\n- 七八")).cues
    assert (one.start, one.end, two.start, two.end) == (2.0, 2.75, 2.75, 3.0)
    assert one.estimated and two.estimated and one.line == two.line == 2
    (alone,) = read("a.srt", srt("- 一二")).cues
    assert not alone.estimated
    assert said("- 一\n- 二", dashes=False) == [("", "- 一 - 二")]


def test_voices_of_an_entry_are_speakers():
    data = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v 李四>走</v> <v.loud A &amp; B>等\n等</v>尾巴"
    found = read("a.vtt", data.encode()).cues
    assert [(cue.speaker, cue.text) for cue in found] == [
        ("李四", "走"), ("A & B", "等 等"), ("", "尾巴"),
    ]  # fmt: skip


def test_names_in_the_translation_go_as_well():
    talk = ["张三：走吧\n李四：好\nZhang San: Let's go\nLi Si: OK", "张三：嗯\nZhang San: Hm"]
    found = read("a.srt", srt(*talk))
    assert [(cue.speaker, cue.text, cue.translation) for cue in found.cues] == [
        ("张三", "走吧", "Let's go"), ("李四", "好", "OK"), ("张三", "嗯", "Hm"),
    ]  # fmt: skip
    assert found.speakers[0].aliases == ("Zhang San",)


def test_plain_words():
    names = ["司马懿", "丽丽", "同学甲", "记者 王五", "MAN ON PHONE", "司机师傅"]
    assert all(map(plausible, names)) and not plausible("张三道") and not plausible("谢谢")
    assert plausible("司马懿") and plausible("Mrs. Brown") and not plausible("温馨提示")
    assert prefix("张三") is None and prefix("：走") is None
