import random

from releases.leakage import NEAR, bare, jaccard, leakage

LETTERS = [chr(0x4E00 + n) for n in range(1500)]


def test_same_and_near_texts_across_splits_are_reported_with_where_they_are():
    rows = [
        ("a", "train", "你好，我今天不想去上学了。"),
        ("b", "test", "你好我今天不想去上学了"),  # only punctuation differs
        ("c", "valid", "我们明天早上一起去公园玩吧"),
        ("d", "test", "我们明天早上一起去公园玩吧好"),
        ("e", "train", "嗯嗯"),
        ("f", "test", "嗯嗯"),  # too short to say anything
        ("g", "train", "我们明天早上一起去公园玩吧，好不好呀你说"),
        ("h", "train", "你好，我今天不想去上学了。"),  # twice in one split is no leak
    ]
    found = leakage(*zip(*rows, strict=True))
    assert found.compared == 6
    assert found.same == {"test": 1} and found.near["test"] == 1
    first = found.pairs[0]
    assert (first["utterance"], first["like"], first["in"]) in {
        ("b", "a", "train"),
        ("d", "c", "valid"),
    }


def test_no_leak_where_there_is_one_split_or_none_alike():
    texts = ["今天天气真的很不错啊", "今天天气真的很不错啊"]
    assert leakage(["a", "b"], ["train", "train"], texts).same == {}
    assert leakage([], [], []).to_json()["compared"] == 0


def test_planted_near_copies_are_found_and_nothing_else():
    """Against a comparison of every pair."""
    rng = random.Random(5)
    texts = ["".join(rng.choices(LETTERS, k=rng.randint(8, 20))) for _ in range(400)]
    texts += [text[:-1] + "啊" for text in texts[:60]]
    splits = ["train"] * 400 + ["test"] * 60
    uids = [str(n) for n in range(460)]
    found = leakage(uids, splits, texts)
    alike = {
        uids[later]
        for later in range(400, 460)
        if any(jaccard(texts[later], text) >= NEAR for text in texts[:400])
    }
    assert {pair["utterance"] for pair in found.pairs} == alike and len(alike) > 40


def test_texts_are_compared_without_what_readers_do_not_hear():
    assert bare("“ＡＢＣ”，你 好！") == "abc你好"


def test_texts_that_are_brought_together_in_shares_are_all_found(monkeypatch):
    rng = random.Random(7)
    texts = ["".join(rng.choices(LETTERS[:40], k=rng.randint(3, 9))) for _ in range(300)]
    texts += [text + rng.choice(["", "啊"]) for text in texts]
    splits = rng.choices(["train", "valid", "test"], k=600)
    uids = [str(n) for n in range(600)]
    whole = leakage(uids, splits, texts).to_json()
    monkeypatch.setattr("releases.leakage.SORTED", 50)
    monkeypatch.setattr("releases.leakage.AT_ONCE", 7)
    assert leakage(uids, splits, texts).to_json() == whole
    assert whole["same"]["valid"] > 10 and whole["near"]["test"] > 10
