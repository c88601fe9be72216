import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import SHORTEST, Turn, TurnsError, changes, parse, renewed, same_for_annotators

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["uid", "speaker", "text", "translation", "start", "end", "machine"]),
            inner,
            max_size=7,
        )
    ),
    max_leaves=30,
)


def turn(**fields):
    return Turn(
        **(
            {"uid": "a", "speaker": 1, "text": "你好", "translation": "", "start": 0.0, "end": 1.0}
            | fields
        )
    )


@given(st.lists(JSON, max_size=4), st.none() | st.floats(0.1, 60))
def test_anything_is_read_rightly_or_refused(rows, duration):
    try:
        turns = parse(rows, duration)
    except TurnsError:
        return
    assert len(turns) == len(rows)
    if duration is not None:
        starts = [t.start for t in turns]
        assert starts == sorted(starts)
        assert all(0 <= t.start < t.end <= duration + 1e-3 for t in turns)
        assert all(t.end - t.start > SHORTEST - 2e-3 for t in turns)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"start": 0}, "start and end"),
        ({"start": 1, "end": 1.01}, "at least 0.05 s"),
        ({"start": -1, "end": 1}, "outside its clip"),
        ({"start": 1, "end": 11}, "outside its clip"),
        ({"start": 0, "end": 1, "text": 5}, "not text"),
        ({"start": 0, "end": 1, "text": "长" * 5001}, "more than 5000"),
        ({"start": 0, "end": 1, "speaker": "张三"}, "unknown utterance or speaker"),
        ({"start": 0, "end": float("nan")}, "start and end"),
        ("no object", "not an object"),
    ],
)
def test_what_cannot_be_says_which_and_why(row, why):
    good = {"start": 0, "end": 1, "text": "好"}
    with pytest.raises(TurnsError, match=why) as error:
        parse([good, row], 10.0)
    assert "2" in str(error.value)


def test_a_uid_stands_once():
    row = {"uid": "a", "start": 0, "end": 1}
    with pytest.raises(TurnsError, match="twice"):
        parse([row, row], 10)


@pytest.mark.parametrize(
    ("after", "same"),
    [
        (turn(text="你好！"), True),
        (turn(speaker=2, translation="hello", machine=True), True),
        (turn(end=1.2), True),
        (turn(end=1.21), False),
        (turn(start=None, end=None), False),
        (turn(text="你们好"), False),
    ],
)
def test_what_matters_to_a_judge(after, same):
    assert same_for_annotators(turn(), after) is same


def test_changes_are_counted():
    before = [turn(), turn(uid="b"), turn(uid="c", machine=True)]
    after = [turn(text="你们好", speaker=2), turn(uid="c", start=0.5), turn(uid="d")]
    assert changes(before, after) == {
        "added": 1,
        "removed": 1,
        "retyped": 1,
        "moved": 1,
        "assigned": 1,
        "confirmed": 1,
    }


def test_a_renewed_uid_is_free():
    assert renewed("D_U_3", []) == "D_U_3r2"
    assert renewed("D_U_3r2", ["D_U_3r2"]) == "D_U_3r3"
