"""The script of the demo corpus: two invented series, twelve dialogues, written for this project.

A line is `speaker|words|sentiment emotion sarcasm humor emotion→sentiment sarcasm→humor`, with
sentiment -, 0 or +, the emotion by its character, and sarcasm and humor as n or y.
"""

from dataclasses import dataclass

SENTIMENTS = {"-": "negative", "0": "neutral", "+": "positive"}
EMOTIONS = {
    "喜": "joy",
    "悲": "sadness",
    "怒": "anger",
    "惧": "fear",
    "惊": "surprise",
    "厌": "disgust",
    "平": "neutral",
}
YES_NO = {"n": "no", "y": "yes"}


@dataclass(frozen=True)
class Line:
    """One utterance of the script with what its writer meant by it."""

    speaker: str
    text: str
    meant: dict[str, str]


def _line(row: str) -> Line:
    speaker, text, labels = row.split("|")
    sentiment, emotion, sarcasm, humor, moves, funny = labels.split()
    return Line(
        speaker,
        text,
        {
            "sentiment": SENTIMENTS[sentiment],
            "emotion": EMOTIONS[emotion],
            "sarcasm": YES_NO[sarcasm],
            "humor": YES_NO[humor],
            "emotion_sentiment": moves,
            "sarcasm_humor": funny,
        },
    )


FLAT = "二十平米"  # three people share a small flat
WINDOW = "七号窗口"  # a counter in an office

SCRIPTS = {
    FLAT: [
        """小满|谁把我的牛奶喝光了？|- 怒 n n 2 0
大川|可能是它自己蒸发的吧。|0 平 y y 0 2
小满|蒸发得可真干净，连瓶子都洗了。|- 怒 y y 2 1
大川|说明我们家的牛奶很有教养。|+ 喜 y y 1 2
阿宝|对不起，是我喝的，我饿了一天。|- 悲 n n 2 0
小满|你早说啊，锅里还有面。|+ 平 n n 1 0
阿宝|小满姐，你真好。|+ 喜 n n 2 0""",
        """大川|我的论文又被拒了。|- 悲 n n 2 0
小满|这是第几次了？|0 平 n n 0 0
大川|第五次，编辑都认识我了。|- 悲 y y 1 1
阿宝|恭喜你，成了他们的老朋友。|+ 喜 y y -1 2
大川|审稿人说，建议我换一个专业。|- 悲 n y 2 0
小满|别难过，我们今晚吃火锅。|+ 喜 n n 1 0
大川|好，我把拒信带上，给你们垫锅。|+ 喜 y y 1 2""",
        """房东|下个月房租涨三百。|0 平 n n 0 0
小满|三百？上个月不是刚涨过吗？|- 惊 n n 2 0
房东|我这房子采光好啊。|+ 喜 n n 1 0
大川|是啊，屋顶那个洞，采光特别好。|- 厌 y y -2 2
房东|那叫天窗。|+ 平 n y 0 0
小满|下雨的时候，还送淋浴呢。|- 厌 y y -2 2
房东|你们不租，有的是人租。|- 怒 n n 2 0
小满|好，我们搬。|- 怒 n n 2 0""",
        """阿宝|有人在门外，你们听。|- 惧 n n 2 0
小满|别吓我，现在是半夜两点。|- 惧 n n 2 0
大川|我去看看，把锅铲给我。|0 平 n y 0 0
阿宝|你拿锅铲，是要请小偷吃炒饭吗？|- 惧 y y 1 2
房东|是我，我忘了带钥匙！|- 惊 n y 1 0
小满|您真会挑时间。|- 厌 y n -2 -1
房东|不好意思，吓着你们了。|- 悲 n n 1 0""",
        """阿宝|我考上了，我考上研究生了！|+ 喜 n n 2 0
小满|真的吗？太好了！|+ 惊 n n 2 0
大川|哭什么，这是好事。|+ 平 n n 1 0
阿宝|我就是忍不住，我妈等了三年。|+ 悲 n n -2 0
小满|快给阿姨打电话。|+ 喜 n n 1 0
大川|从今天起，你也可以被导师骂了。|+ 喜 y y 1 2""",
        """小满|我明天就搬走了。|- 悲 n n 2 0
大川|终于没人跟我抢厕所了。|+ 喜 y y -1 1
小满|你就不能说句好听的？|- 怒 n n 1 0
大川|钥匙你留着，随时回来抢。|+ 悲 n n -1 0
阿宝|小满姐，我给你做了三明治。|0 悲 n n 1 0
小满|里面怎么全是胡萝卜？|- 惊 n y 1 0
阿宝|因为你最讨厌胡萝卜，这样你就会记得我。|+ 喜 n y 1 0""",
    ],
    WINDOW: [
        """顾客|你好，我来办证明。|0 平 n n 0 0
老郑|证明什么？|0 平 n n 0 0
顾客|证明我是我。|0 平 n y 0 0
老郑|那你带了能证明你是你的证明吗？|0 平 n y 0 0
顾客|我带了我自己，够不够？|- 怒 y y 1 2
老郑|下一位。|- 厌 n y 1 0""",
        """小唐|老郑，系统又死机了。|- 厌 n n 2 0
老郑|重启了吗？|0 平 n n 0 0
小唐|重启了三次，它比我还累。|- 悲 y y 1 2
顾客|我等了两个小时了！|- 怒 n n 2 0
小唐|实在对不起，我给您倒杯水。|- 悲 n n 1 0
顾客|喝水？好，你们的服务真周到。|- 怒 y n -2 -1
老郑|您别急，我用手写，马上给您办。|+ 平 n n 1 0""",
        """老郑|小唐，这份表是你填的？|- 厌 n n 1 0
小唐|是我，怎么了？|0 惧 n n 1 0
老郑|写得很有想象力，出生日期是明年。|- 厌 y y -1 2
小唐|天哪，我写错了，我马上改。|- 惊 n n 2 0
老郑|不用改，等他明年再来。|0 平 y y 0 2
小唐|您别笑我了。|- 悲 n n 1 0
老郑|好了，谁没写错过？我当年把自己写成了女的。|+ 喜 n y 2 0""",
        """顾客|姑娘，我的钱包不见了，里面有给孙子的学费。|- 惧 n n 2 0
小唐|您先坐下，慢慢说。|0 平 n n 0 0
顾客|我找了一路，都没有。|- 悲 n n 2 0
老郑|大妈，您看看您手里拿的是什么？|+ 喜 n y 1 0
顾客|哎呀！我一直攥在手里呢！|+ 惊 n y 2 0
小唐|找到就好，吓死我了。|+ 喜 n n 1 0
顾客|谢谢你们，谢谢你们。|+ 喜 n n 2 0""",
        """老郑|今天是我最后一天上班。|- 悲 n n 1 0
小唐|您不是说要干到八十岁吗？|- 惊 n n 1 0
老郑|那是吹牛，吹牛不用填表。|+ 喜 y y 1 2
小唐|以后打印机坏了，我找谁？|- 悲 n y 2 0
老郑|踢它两脚，左边一脚，右边一脚。|+ 喜 n y 1 0
小唐|师傅，我会想您的。|- 悲 n n 1 0
老郑|别想我，想想怎么早点下班。|+ 喜 y y 1 1""",
        """顾客|你们不是五点下班吗？现在才四点半。|- 怒 n n 2 0
小唐|对不起，今天的号发完了。|- 平 n n 1 0
顾客|发完了？真有效率，佩服佩服。|- 怒 y n -2 -1
小唐|您明天一早来，我给您留第一个号。|+ 平 n n 1 0
顾客|明天我要出差！|- 怒 n n 2 0
老郑|小唐，给他办吧，加个班。|+ 平 n n 1 0
顾客|真的？那太谢谢了，我刚才态度不好。|+ 惊 n n 2 0""",
    ],
}

DIALOGUES: dict[str, list[list[Line]]] = {
    series: [[_line(row) for row in part.splitlines()] for part in parts]
    for series, parts in SCRIPTS.items()
}
