import pytest

from annotation.scheme import DEFAULT, FULL, SHORT, YES_NO, Scheme, SchemeError, Task


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


def conditional(**condition):
    kind = Task("kind", {"en": "kind"}, "nominal", YES_NO, only_if=condition)
    return Scheme((DEFAULT["sarcasm"], DEFAULT["humor"], kind))


def test_a_task_may_ask_for_answers_of_tasks_above_it():
    scheme = conditional(sarcasm=["yes"])
    assert "kind" not in [task.key for task in scheme.asked({"sarcasm": "no"})]
    assert "kind" not in [task.key for task in scheme.asked({"sarcasm": "cannot_tell"})]
    assert [task.key for task in scheme.unanswered({"sarcasm": "yes", "humor": "no"})] == ["kind"]
    deeper = Task("deeper", {"en": "deeper"}, "binary", YES_NO, only_if={"kind": ["yes"]})
    chain = Scheme((*scheme.tasks, deeper))
    stale = {"sarcasm": "no", "humor": "no", "kind": "yes"}  # kind was answered before
    assert chain.unanswered(stale) == []
    assert Scheme.from_json(chain.to_json()) == chain


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ({"sarcasm": ["maybe"]}, "not a value"),
        ({"sarcasm": []}, "choose which"),
        ({"nowhere": ["yes"]}, "no task"),
        ({"kind": ["yes"]}, "has to stand above"),
    ],
)
def test_impossible_conditions_are_refused(condition, part):
    with pytest.raises(SchemeError, match=part):
        Scheme.from_json(conditional(**condition).to_json())


def test_colour_digit_and_help_are_kept_and_left_out_where_empty():
    whole = DEFAULT.to_json()
    assert not {"help", "only_if"} & set(whole[0]) and "colour" not in whole[0]["values"][0]
    whole[0]["help"] = {"en": "As the speaker feels.", "zh": "以说话人为准。"}
    whole[0]["values"][0] |= {"colour": "blue", "digit": "3", "help": {"en": "bad", "zh": "坏"}}
    scheme = Scheme.from_json(whole)
    assert scheme["sentiment"].digits == ("3", "2", "1") and scheme.to_json() == whole
    for change, part in (({"colour": "mauve"}, "no colour"), ({"digit": "0"}, "no shortcut")):
        wrong = DEFAULT.to_json()
        wrong[0]["values"][0] |= change
        with pytest.raises(SchemeError, match=part):
            Scheme.from_json(wrong)
    whole[0]["values"][1]["digit"] = "3"
    with pytest.raises(SchemeError, match="same shortcut"):
        Scheme.from_json(whole)


def test_usual_values_are_kept_and_follow_from_tasks_above():
    assert Scheme.from_json(SHORT.to_json(), SHORT.rules_to_json()) == SHORT
    assert "usual" not in DEFAULT.to_json()[0] and SHORT["sentiment"].usual["emotion"]["joy"]
    assert set(SHORT.keys) == set(DEFAULT.keys)
    calm = {"sentiment": "neutral", "emotion": "neutral", "sarcasm": "no", "humor": "no"}
    assert [task.key for task in SHORT.unanswered(calm)] == ["emotion_sentiment"]
    assert len(DEFAULT.unanswered(calm)) == 2


@pytest.mark.parametrize(
    ("usual", "part"),
    [
        ({"emotion": {"joy": "splendid"}}, "not a value"),
        ({"emotion": {"glee": "positive"}}, "not a value"),
        ({"nowhere": {"joy": "positive"}}, "no task"),
        ({"humor": {"yes": "positive"}}, "stand above"),
        ({"emotion": ["positive"]}, "cannot be read"),
    ],
)
def test_impossible_usual_values_are_refused(usual, part):
    tasks = SHORT.to_json()
    tasks[1]["usual"] = usual
    with pytest.raises(SchemeError, match=part):
        Scheme.from_json(tasks)


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
