import pytest

from releases.personal_data import find_personal_data, mask_personal_data


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("打13812345678给我", "phone"),
        ("打我电话一三八 一二三四 五六七八", "phone"),
        ("幺三八零零幺三八零零零，记下了？", "phone"),
        ("我１３８１２３４５６７８", "phone"),
        ("+86 138-1234-5678", "phone"),
        ("座机010-62751234", "phone"),
        ("身份证号11010519491231002X", "identity"),
        ("发到 wang.li@mail.example.cn 吧", "email"),
        ("卡号4111 1111 1111 1111", "account"),
    ],
)
def test_private_data_are_seen_and_masked(text, kind):
    (found,) = find_personal_data(text)
    assert found.kind == kind and text[found.start : found.end] == found.words
    assert mask_personal_data(text) == (text.replace(found.words, f"〔{kind}〕"), [kind])
    assert mask_personal_data(text, {found.words}) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "今年是2024年12月31日10点30分",
        "11010519491231002Y",
        "110105194912310021",  # check digit of an identity number is wrong
        "4111 1111 1111 1112",
        "一二三四五六七",
        "我给了他1000000块",
        "12345678901234567890123",
        "",
    ],
)
def test_other_numbers_are_left_alone(text):
    assert find_personal_data(text) == []


def test_several_in_one_text():
    words = "13812345678或者a@b.cn"
    assert mask_personal_data(words) == ("〔phone〕或者〔email〕", ["phone", "email"])
