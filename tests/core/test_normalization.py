"""What counts as the same in a search and among names."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.normalization import _parts, normalized, occurrences, search_key, visible

ODD = " \t\u3000\u00a0\u200b\u00ad\ufeff\u202e\ufe0f\u0301\u0307´İıßẞﬁﬃΣςⅣ①…a"
ODD += "가ᄀ\u1161\u11a8ｶﾞゔ豈軟髮Ａ"
texts = st.text(alphabet=st.one_of(st.sampled_from(ODD), st.characters(codec="utf-8")), max_size=9)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ｏｋ", "OK"),
        ("ＡＢＣ１２３", "abc123"),
        ("ﬁnal ﬃ", "final ffi"),
        ("İSTANBUL", "istanbul"),
        ("i\u0307stanbul", "istanbul"),
        ("STRASSE", "straße"),
        ("STRAẞE", "strasse"),
        ("ΟΔΟΣ", "οδος"),
        ("ｶﾞｷﾞ ﾊﾟﾝ", "ガギ パン"),
        ("\uf900\ufa0e", "豈\ufa0e"),  # the second one is no duplicate of another
        ("e\u0301te\u0301", "été"),
        ("e\u200b\u0301", "é"),
        ("가", "\u1100\u1161"),
        ("张\u200b三", "张三"),
        ("\u202b张三\u202c\ufeff", " 张三 "),
        ("so\u00adgar", "sogar"),
        ("❤\ufe0f", "❤"),
        ("a \t\u3000 b\u00a0c", "a b c"),
        ("㈱①½", "(株)11⁄2"),
        ("ＭＡＲＹ", "Mary"),
    ],
)
def test_names_and_words_that_are_the_same(one, other):
    assert normalized(one) == normalized(other) and search_key(one) == search_key(other)


FORMS = """
软件 軟件; 头发 頭髮; 发 發 髮; 干 乾 幹; 后 後; 里 裏 裡; 么 麼 麽; 面 麵 麪; 了解 瞭解; 看着 看著;
占领 佔領; 台 臺 檯 颱; 仿佛 彷彿; 沉默 沈默; 钟 鍾 鐘 锺; 众 眾 衆; 启 啟 啓; 卫 衛 衞; 线 線 綫;
说 說 説; 什么 甚麼; 复 復 複 覆; 只 隻 祇 衹; 余 餘 馀; 冲 沖 衝; 历 曆 歷; 周 週; 你 妳; 乾坤 干坤
"""


@pytest.mark.parametrize("forms", FORMS.split(";"))
def test_traditional_and_simplified_are_the_same_to_a_search_alone(forms):
    forms = forms.split()
    assert len({search_key(form) for form in forms}) == 1
    assert len({normalized(form) for form in forms}) == len(forms)


@pytest.mark.parametrize("pair", ["e é", "カ ガ", "大 太", "人 入", "张 章", "あ ア", "张三 张 三"])
def test_what_is_not_the_same(pair):
    one, other = pair.split(" ", 1)
    assert search_key(one) != search_key(other)


def test_what_nobody_sees_is_nothing():
    assert normalized("\u200b\ufeff\u00ad \u2060") == "" == visible("\u200b \u3164")
    assert visible(" 张\u200b三\t四 ") == "张三 四" and visible("Ｍａｒｙ") == "Ｍａｒｙ"


@settings(max_examples=400, deadline=None)
@given(texts)
def test_what_is_normalised_stays_as_it_is(text):
    for form in (normalized, search_key):
        key = form(text)
        assert form(key) == key and unicodedata.normalize("NFKC", key) == key


@settings(max_examples=400, deadline=None)
@given(texts)
def test_the_parts_of_a_text_are_the_whole(text):
    parts = list(_parts(text))
    assert "".join(key for _first, _end, key in parts).strip() == search_key(text)
    assert all(a < b for a, b, _key in parts)
    assert all(one[1] <= two[0] for one, two in zip(parts, parts[1:]))


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("他說ＯＫ嗎，ok", "ok", ["ＯＫ", "ok"]),
        ("剪頭髮了，发财", "发", ["髮", "发"]),
        ("ﬃ f", "fi", ["ﬃ"]),
        ("ﬃ f", "f", ["ﬃ", "f"]),
        ("cafe\u0301s", "café", ["cafe\u0301"]),
        ("张\u200b三说", "张三", ["张\u200b三"]),
        ("a   b", "A b", ["a   b"]),
        ("  a b", "a", ["a"]),
        ("aaaa", "aa", ["aa", "aa"]),
        ("(a)*", ")*", [")*"]),
        ("没有", "有没有", []),
        ("没有", "\u200b", []),
        ("", "a", []),
        ("a", "", []),
    ],
)
def test_hits_are_marked_in_the_text_as_it_is(text, words, marked):
    assert [text[a:b] for a, b in occurrences(text, words)] == marked


def test_exact_hits_are_those_alone():
    assert occurrences("ＯＫok", "ok", exact=True) == [(2, 4)]
    assert occurrences("頭髮", "头发", exact=True) == []
