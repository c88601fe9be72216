"""Reading JSON and numbers strictly: what cannot be kept is refused with a sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ValidationError
from core.input_checks import fault_of, fault_of_quoted, read_json, whole_number

kept = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | kept | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**18) + 1, 10**18 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(kept, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_whatever_can_be_kept_comes_back(value):
    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.text() | st.binary())
def test_anything_is_read_or_refused(raw):
    try:
        found = read_json(raw)
    except ValidationError as error:
        assert str(error)
    else:
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ('{"a": 1, "a": 2}', "“a” stands twice"),
        ("NaN", "NaN"),
        ("[-Infinity]", "-Infinity"),
        ("[1e999]", "1e999"),
        ("9" * 19, "too large"),
        ("-" + "9" * 5000, "too large"),
        ("[" * 51 + "]" * 51, "deep"),
        ("[" * 200_000, "deep"),
        ('{"a":' * 200_000, "deep"),
        ('"\\ud800"', "surrogate"),
        ('{"\\u0000": 1}', "NUL"),
        (b"\xff", "UTF-8"),
        ("[1,\n x]", "line 2, column 2"),
        ("", "line 1"),
    ],
)
def test_what_is_wrong_is_said(raw, says):
    with pytest.raises(ValidationError, match=says.replace("[", "\\[")):
        read_json(raw)


def test_what_is_unusual_and_right():
    assert read_json("[" * 50 + "]" * 50)
    assert read_json("-0") == 0 and read_json("9" * 18) == 10**18 - 1
    assert read_json('"\\ud83d\\ude00"') == "😀"
    assert read_json(b"\xef\xbb\xbf[]") == []


@pytest.mark.parametrize("text", ["²", "٣", "１", "-1", "+1", "1.0", "1_0", " 1", "", "9" * 19])
def test_what_is_no_whole_number(text):
    assert whole_number(text) is None


def test_faults_of_texts():
    assert whole_number("007") == 7 and whole_number("9" * 18) == 10**18 - 1
    assert not fault_of("你好\ufffd\u2028") and fault_of("a\0") and fault_of("\udfff")
    assert not fault_of_quoted(b"%E4%BD%A0+x") and fault_of_quoted(b"%00")
    assert fault_of_quoted(b"%ff") and fault_of_quoted(b"%ED%A0%80")
