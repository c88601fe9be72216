import pytest

from corpus.languages import language_name


@pytest.mark.parametrize(
    ("code", "reader", "name"),
    [
        ("chi", "en", "Chinese"),
        ("zho", "zh-hans", "中文"),
        ("eng", "zh-hans", "英语"),
        ("yue", "zh-hans", "粤语"),
        ("ger", "en", "German"),
        ("zh-Hant", "zh-hans", "繁体中文"),
        ("pt-BR", "en", "Brazilian Portuguese"),
        ("JPN", "en", "Japanese"),
        ("und", "en", ""),
        ("", "en", ""),
        ("q1x", "en", "q1x"),
        ("eng", "no such language", "English"),
    ],
)
def test_a_track_s_language_is_named_for_its_reader(code, reader, name):
    assert language_name(code, reader) == name
