"""Recognisers of each kind give words; times of words part utterances; nothing is fetched."""

import shutil

import numpy as np
import pytest
import transformers as hf

from corpus import recognisers
from corpus.recognisers import Heard, SpeechError, Word, is_chinese, recogniser, repeats
from corpus.speech import parted
from tests.corpus.recogniser_factories import make_ctc, make_whisper

WAVE = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    make_whisper(folder)
    return folder


@pytest.mark.parametrize("classes", [
    (hf.Wav2Vec2Config, hf.Wav2Vec2ForCTC), (hf.HubertConfig, hf.HubertForCTC),
])  # fmt: skip
def test_ctc_gives_letters_with_times_in_simplified_characters(classes, tmp_path):
    make_ctc(tmp_path, "麼", classes)
    heard = recogniser(str(tmp_path))(WAVE)
    assert heard.text == "么" and [word.text for word in heard.words] == ["么"]
    assert 0 <= heard.words[0].start < heard.words[0].end <= 2
    assert recogniser(str(tmp_path), simplified=False)(WAVE).text == "麼"


def test_whisper_gives_words_with_times(whisper):
    heard = recogniser(str(whisper), simplified=False)(WAVE)
    assert heard.text and set(heard.text) <= set("麼你好")
    assert heard.words and "".join(word.text for word in heard.words).strip() == heard.text
    assert "麼" not in recogniser(str(whisper), language="")(WAVE).text


def test_whisper_of_ctranslate2_says_what_it_said_before_conversion(whisper, tmp_path):
    pytest.importorskip("ctranslate2", reason="CTranslate2 is not installed: requirements-asr.lock")
    from ctranslate2.converters import TransformersConverter

    folder = tmp_path / "converted"
    TransformersConverter(str(whisper)).convert(str(folder))
    with pytest.raises(SpeechError, match=r"its tokenizer.json is missing"):
        recogniser(str(folder))
    for name in ("tokenizer.json", "preprocessor_config.json"):
        shutil.copy(whisper / name, folder)
    heard = recogniser(str(folder), simplified=False)(WAVE)
    assert heard.text and set(heard.text) <= set("麼你好")
    assert heard.words and "".join(word.text for word in heard.words) == heard.text
    assert all(0 <= word.start <= word.end <= 2.1 for word in heard.words)
    assert recogniser(str(folder), language="")(WAVE).text is not None


def test_what_fails_while_it_listens_is_an_error_of_the_recogniser(monkeypatch, tmp_path):
    def fail(wave):
        raise RuntimeError("no place for it")

    monkeypatch.setattr(recognisers, "_of_transformers", lambda path, language: fail)
    with pytest.raises(SpeechError, match="cannot be used: no place for it"):
        recogniser(str(tmp_path))(WAVE)


def test_without_ctranslate2_its_directories_are_refused(tmp_path, monkeypatch):
    (tmp_path / "model.bin").write_bytes(b"")
    monkeypatch.setattr(recognisers, "find_spec", lambda name: None)
    with pytest.raises(SpeechError, match=r"requirements-asr.lock"):
        recogniser(str(tmp_path))


def test_a_sentence_or_a_pause_parts_what_was_heard_and_nothing_is_lost():
    words = [Word("你好。", 0.2, 1.4), Word("我", 1.5, 1.7), Word("来", 1.7, 2.8),
             Word("了", 3.4, 4.6), Word("。", 4.6, 4.7)]  # fmt: skip
    found = parted(Heard("你好。我来了。", words), 5.0)
    assert [text for *_times, text in found] == ["你好。", "我来", "了。"]
    assert [times[:2] for times in found] == [
        (0.0, pytest.approx(1.45)), (pytest.approx(1.45), pytest.approx(3.1)),
        (pytest.approx(3.1), 5.0),
    ]  # fmt: skip
    whole = [(0.0, 5.0, "你好。我来了。")]
    assert parted(Heard("你好。我来了。"), 5.0) == whole
    assert parted(Heard("你好。我来了。", [words[0], Word("我来了。", 1.5, 1.9)]), 5.0) == whole
    odd = [Word("你好。", 0.0, 3.0), Word("我来。", 1.0, 2.5), Word("了。", 1.0, 2.9)]
    assert parted(Heard("你好。我来了。", odd), 5.0) == whole


def test_what_is_said_again_and_again_is_noticed():
    assert repeats("3个" * 60) and not repeats(
        "对不起，是我喝的，我饿了一天。你早说啊，锅里还有面。"
    )


def test_japanese_is_not_simplified():
    assert is_chinese("乾杯") and not is_chinese("乾杯しよう") and not is_chinese("cheers")
