"""Which utterance is which, with the right answer planted."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from corpus.formats import cmma
from releases.matching import Row, match

HAN = [chr(0x4E00 + n) for n in range(2000)]
DULL = ["嗯。", "好。", "是啊。", "什么？", "对。"]


def made(texts, dialogue="D1", split="train", speakers="甲乙", **fields):
    """A dialogue whose speakers take turns."""
    return [
        Row(
            f"{dialogue}_U_{n}",
            dialogue,
            split,
            speakers[n % len(speakers)],
            text,
            fields.get("times", (None, None)),
            {"sentiment": fields.get("gold", "neutral")},
        )
        for n, text in enumerate(texts, 1)
    ]


def a_corpus(seed, dialogues=200, dull=0.3):
    """Dialogues of 3 to 9 lines, some of which stand in many of them."""
    chance = random.Random(seed)
    rows = []
    for number in range(1, dialogues + 1):
        texts = [
            chance.choice(DULL)
            if chance.random() < dull
            else "".join(chance.choices(HAN, k=chance.randint(3, 12)))
            for _ in range(chance.randint(3, 9))
        ]
        split = "train" if chance.random() < 0.7 else "valid"
        rows += [
            replace(row, gold={"sentiment": chance.choice(["positive", "negative", "neutral"])})
            for row in made(texts, f"C_{number}", split)
        ]
    return rows


def renumbered(rows, seed, prefix="C_", removed=0, moved=0, relabelled=0, corrected=0):
    """An earlier version of `rows`: dialogues shuffled, all ids given anew, and so many utterances
    missing, dialogues in another split, labels and texts otherwise; with the places of its rows.
    """
    chance = random.Random(seed)
    left = sorted(chance.sample(range(len(rows)), len(rows) - removed))
    changed = {place: rows[place] for place in left}
    for place in chance.sample(left, relabelled):
        new = {"positive": "negative", "negative": "neutral", "neutral": "positive"}
        gold = rows[place].gold
        gold = gold | {"sentiment": new.get(gold.get("sentiment"), "positive")}
        changed[place] = replace(changed[place], gold=gold)
    long = [place for place in left if len(rows[place].text) >= 4]
    for place in chance.sample(long, corrected):
        text = list(rows[place].text)
        spot = chance.randrange(len(text))
        text[spot] = "甲" if text[spot] != "甲" else "乙"
        changed[place] = replace(changed[place], text="".join(text))
    dialogues = {}
    for place in left:
        dialogues.setdefault(rows[place].dialogue, []).append(place)
    names = list(dialogues)
    chance.shuffle(names)
    elsewhere = {*chance.sample(names, moved)}
    earlier, truth, splits = [], [], Counter()
    for number, name in enumerate(names, 1):
        for turn, place in enumerate(dialogues[name], 1):
            row = changed[place]
            split = row.split
            if name in elsewhere:
                split = "valid" if split == "train" else "train"
                splits[split, row.split] += 1
            new = f"{prefix}{number}"
            earlier.append(replace(row, id=f"{new}_U_{turn}", dialogue=new, split=split))
            truth.append(place)
    return earlier, truth, splits


def differences(before, after, found):
    pairs = [(before[old], after[new]) for new, old in found.pairs.items()]
    return {
        "matched": len(pairs),
        "added": len(after) - len(pairs),
        "labels": sum(a.gold != b.gold for a, b in pairs),
        "texts": sum(a.text != b.text for a, b in pairs),
        "splits": Counter((a.split, b.split) for a, b in pairs if a.split != b.split),
    }


def right(truth, found):
    return sum(truth[old] == new for new, old in found.pairs.items())


@pytest.mark.parametrize("seed", range(4))
def test_ids_given_anew_to_other_lines(seed):
    """As between CMMA's two versions: the same ids in both name lines that have nothing to do
    with one another.
    """
    after = a_corpus(seed)
    before, truth, splits = renumbered(
        after, seed, removed=60, moved=20, relabelled=4, corrected=10
    )
    found = match(before, after)
    assert differences(before, after, found) == {
        "matched": len(before), "added": 60, "labels": 4, "texts": 10, "splits": splits,
    }  # fmt: skip
    assert right(truth, found) >= len(before) - 4  # two “嗯。” may be taken for each other
    assert set(found.by.values()) == {"content"} and not found.trusted
    assert found.common > len(before) / 2 and found.agreeing < found.common / 4
    by_id = match(before, after, "id")
    assert len(by_id.pairs) == by_id.common and right(truth, by_id) < len(before) / 4
    assert match(before, after, "content").pairs == found.pairs


def test_both_ways():
    after = a_corpus(9)
    before, truth, _splits = renumbered(after, 9, removed=50)
    found = match(after, before)
    assert len(found.pairs) == len(before)
    wrong = sum(truth[new] != old for new, old in found.pairs.items())
    assert wrong <= 4


def test_ids_that_agree_are_kept_where_texts_were_corrected():
    after = a_corpus(3)
    before = [
        replace(row, text="完全不同的话") if n % 50 == 0 else row for n, row in enumerate(after)
    ]
    found = match(before, after)
    assert found.trusted and found.pairs == {n: n for n in range(len(after))}
    assert set(found.by.values()) == {"id"} and found.ambiguous == set()


def test_a_line_put_in_moves_the_ids_behind_it():
    texts = ["你去哪儿了？", "嗯。", "嗯。", "我在等你呢。", "嗯。", "明天再说吧。"]
    before = made(texts, gold="neutral")
    after = made([texts[0], "新来的一句话。", *texts[1:]])
    after = [
        replace(row, speaker=before[n - (n > 0)].speaker) if n != 1 else row
        for n, row in enumerate(after)
    ]
    more = a_corpus(1, 20)
    found = match(before + more, after + more)
    assert [found.pairs.get(n) for n in range(7)] == [0, None, 1, 2, 3, 4, 5]
    assert found.trusted and found.by[0] == "id" and found.by[2] == "content"


def test_only_a_part_was_renumbered():
    after = a_corpus(5)
    half = len(after) // 2
    stays = {row.dialogue for row in after[:half]}
    before, truth = [], []
    for place, row in enumerate(after):
        if row.dialogue in stays:
            before.append(row)
        else:
            before.append(replace(row, id=f"x{row.id}", dialogue=f"x{row.dialogue}"))
        truth.append(place)
    found = match(before, after)
    assert right(truth, found) == len(found.pairs) >= len(after) - 3  # a dialogue of three “嗯。”
    assert Counter(found.by.values())["id"] == sum(row.dialogue in stays for row in after)


def test_dialogues_cut_in_two_and_joined():
    texts = [[f"{letter}段第{n}句话啊" for n in range(8)] for letter in "甲乙丙"]
    whole, one, two = (made(part, f"D{n}") for n, part in enumerate(texts))
    halves = [*made(texts[0][:3], "A"), *made(texts[0][3:], "B", speakers="乙甲")]
    joined = made([*texts[1], *texts[2]], "J")
    found = match([*whole, *one, *two], [*halves, *joined])
    assert found.pairs == {n: n for n in range(24)} and found.ambiguous == set()
    found = match([*halves, *joined], [*whole, *one, *two])
    assert found.pairs == {n: n for n in range(24)}


def test_dialogues_that_are_there_twice():
    texts = ["你好吗？", "我很好。", "嗯。"]
    copies = [
        made(texts, "A", gold="positive"),
        made(texts, "B", gold="negative", split="valid"),
        made(texts, "C", gold="neutral"),
    ]
    later = [
        [replace(row, dialogue=f"n{n}", id=f"n{n}_{m}") for m, row in enumerate(copies[place])]
        for n, place in enumerate([2, 0, 1])
    ]
    before, after = sum(copies, []), sum(later, [])
    found = match(before, after)
    assert found.pairs == {0: 6, 1: 7, 2: 8, 3: 0, 4: 1, 5: 2, 6: 3, 7: 4, 8: 5}
    assert found.ambiguous == {*range(9)}  # labels told them apart, which may be what changed
    timed = [replace(row, times=(float(row.dialogue == "A"), 2.0)) for row in before]
    shown = [replace(row, times=(float(row.gold["sentiment"] == "positive"), 2.0)) for row in after]
    assert {*range(3, 6)}.isdisjoint(match(timed, shown).ambiguous)  # times did, for one of them


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("你去哪里了？", "你去哪儿了？"),
        ("我的天哪", "我的天啊！"),
        ("嗯", "恩"),
        ("软件真好用", "軟件真好用"),
        ("ＯＫ，走吧", "ok，走吧。"),
    ],
)
def test_a_text_that_was_corrected(old, new):
    before = made(["今天天气真不错", old, "那我们出去走走吧"], "A")
    after = made(["今天天气真不错", new, "那我们出去走走吧"], "B")
    assert match(before, after).pairs == {0: 0, 1: 1, 2: 2}


def test_a_dialogue_of_a_single_line_that_was_corrected():
    before = [*made(["这个故事要从很久以前说起"], "A"), *made(["嗯。"], "B")]
    after = [*made(["好。"], "X"), *made(["这个故事要从很久以前讲起"], "Y")]
    assert match(before, after).pairs == {1: 0}


def test_lines_in_another_order_and_in_another_dialogue():
    texts = ["第一件事是吃早饭", "第二件事是写作业", "第三件事是去公园", "最后一件事是睡觉"]
    before = [*made(texts, "A", speakers="甲"), *made(["完全无关的另一场对话", "是这样的吗"], "B")]
    swapped = [texts[1], texts[0], texts[2]]
    after = [*made(swapped, "X", speakers="甲"), *made(["不相干的新对话在这里"], "Z")]
    after += [replace(before[3], id="q", dialogue="Z"), *made(["新加的一句"], "W")]
    found = match(before, after)
    assert found.pairs == {0: 1, 1: 0, 2: 2, 4: 3}


def test_unrelated_releases_have_nothing_in_common_but_what_everybody_says():
    before = a_corpus(1)
    after = [replace(row, id=f"n{row.id}", dialogue=f"n{row.dialogue}") for row in a_corpus(2)]
    assert len(match(before, after).pairs) <= 2


def test_speakers_who_became_pseudonyms():
    after = a_corpus(7)
    before, truth, _splits = renumbered(after, 7, removed=20)
    before = [replace(row, speaker={"甲": "S1", "乙": "S2"}[row.speaker]) for row in before]
    found = match(before, after)
    assert len(found.pairs) == len(before) and right(truth, found) >= len(before) - 4


def test_utterances_of_the_same_id_in_two_dialogues_are_two():
    one, two = made(["甲说的话在这里"], "A"), made(["乙说的话在那里"], "B")
    rows = [replace(row, id="1") for row in one + two]
    assert match(rows, rows).pairs == {0: 0, 1: 1} == match(rows, rows, "id").pairs
    assert match(rows, rows[::-1], "id").pairs == {0: 1, 1: 0}


def test_an_utterance_in_another_dialogue_keeps_its_id():
    before = [*made(["甲说的话在这里", "乙说的话在那里"], "A"), *made(["这是另外一场"], "B")]
    after = [before[0], before[2], replace(before[1], dialogue="B")]
    assert match(before, after, "id").pairs == {0: 0, 1: 2, 2: 1}


def test_a_very_long_dialogue():
    chance = random.Random(4)
    texts = ["".join(chance.choices(HAN, k=6)) if n % 3 else "嗯。" for n in range(3000)]
    before = made(texts, "A")
    kept = [n for n in range(3000) if chance.random() < 0.9]
    after = [replace(before[n], id=f"n{m}", dialogue="Z") for m, n in enumerate(kept)]
    found = match(before, after)
    assert len(found.pairs) == len(after)
    assert sum(kept[new] == old for new, old in found.pairs.items()) > 0.99 * len(after)


@pytest.mark.parametrize("how", ["auto", "id", "content"])
def test_nothing_at_all(how):
    assert match([], [], how).pairs == {} == match(a_corpus(1, 3), [], how).pairs
    blank = made(["", " ", "。"])
    assert len(match(blank, blank, how).pairs) == 3
    with pytest.raises(ValueError, match="guess"):
        match([], [], "guess")


@pytest.mark.parametrize("seed", [1, 2])
def test_on_the_published_cmma_tables(test_data, seed):
    """20,491 of 21,795 in print; of what can be had, as many are left out as were added."""
    after = []
    for split in ("train", "dev"):
        for row in cmma.read(test_data / "cmma" / f"{split}.csv").rows:
            times = (row.start, row.end)
            after.append(
                Row(row.uid, row.dialogue, split, row.speaker, row.text, times, row.labels)
            )
    after = [replace(row, split="valid" if row.split == "dev" else "train") for row in after]
    before, truth, splits = renumbered(
        after, seed, removed=1304, moved=230, relabelled=4, corrected=40
    )
    for earlier in (before, [replace(row, times=(None, None)) for row in before]):
        found = match(earlier, after)
        assert differences(earlier, after, found) == {
            "matched": 16_530, "added": 1_304, "labels": 4, "texts": 40, "splits": splits,
        }  # fmt: skip
        assert right(truth, found) >= 16_510 and len(found.ambiguous) < 30
