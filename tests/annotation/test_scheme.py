import pytest

from annotation.scheme import DEFAULT, FULL, YES_NO, Scheme, SchemeError, Task


def test_the_default_scheme_is_the_protocol():
    assert DEFAULT.keys == (
        "sentiment", "emotion", "sarcasm", "humor", "emotion_sentiment", "sarcasm_humor",
    )  # fmt: skip
    assert FULL.keys[-2:] == ("pride", "love")
    assert DEFAULT["emotion_sentiment"].parents == ("emotion", "sentiment")
    assert [DEFAULT[k].level for k in ("sentiment", "emotion", "sarcasm")] == [
        "ordinal", "nominal", "nominal",
    ]  # fmt: skip
    assert all(set(v.names) == {"en", "zh"} for t in FULL.tasks for v in t.values)


def test_correlations_wait_for_their_parents():
    assert [t.key for t in DEFAULT.asked({})] == ["sentiment", "emotion", "sarcasm", "humor"]
    half = {"emotion": "joy", "sarcasm": "no", "humor": "no"}
    assert [t.key for t in DEFAULT.unanswered(half)] == ["sentiment", "sarcasm_humor"]
    assert DEFAULT.unanswered(dict.fromkeys(DEFAULT.keys, "x")) == []


def test_a_correlation_may_ask_for_a_yes():
    only = Task("c", {"en": "c"}, "ordinal", YES_NO, "sarcasm", "humor", only_if_any="yes")
    scheme = Scheme((DEFAULT["sarcasm"], DEFAULT["humor"], only))
    assert scheme.unanswered({"sarcasm": "no", "humor": "no"}) == []
    assert scheme.unanswered({"sarcasm": "no", "humor": "yes"}) == [only]


def test_there_and_back():
    assert Scheme.from_json(FULL.to_json(), FULL.rules_to_json()) == FULL


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda t: t + [t[0]], "same key"),
        (lambda t: [{**t[0], "values": t[0]["values"][:1]}], "at least two"),
        (lambda t: [{**t[0], "source": "nowhere", "target": "sentiment"}], "no task"),
        (lambda t: [{**t[0], "colour": 1}], "cannot be read"),
        (lambda t: t + [{**t[4], "key": "x", "source": "emotion_sentiment"}], "itself"),
    ],
)
def test_unsound_schemes_are_refused(change, part):
    with pytest.raises(SchemeError, match=part):
        Scheme.from_json(change(DEFAULT.to_json()))


def test_impossible_answers_are_refused():
    DEFAULT.check("emotion", "joy")
    for task, value in (("emotion", "yes"), ("emotion", ""), ("nothing", "joy")):
        with pytest.raises(SchemeError):
            DEFAULT.check(task, value)
