"""Plain: words of a sound, by a speech recogniser in a directory. Nothing is fetched.

Loads torch or CTranslate2, so only workers and commands call it, never the web process.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError, gettext_noop
from corpus.media_info import RATE

CHINESE = "zh"
HAN = re.compile("[\u3400-\u9fff]")
KANA = re.compile("[\u3040-\u30ff]")
BEAMS = 5  # of CTranslate2, as in Whisper's own program
COMPRESSED = 2.4  # times as long as it packed, as in Whisper's own program
UNREPEATED = 4  # tokens that are not said twice where it repeats itself
FRAME = 0.02  # seconds of a place in Whisper's alignment
BROKEN = "\ufffd"  # what a part of a character is decoded as

Wave = NDArray[np.float32]  # (samples,) at RATE


class SpeechError(UserError):
    """A recogniser or a speaker encoder that cannot be used."""


@dataclass(frozen=True)
class Word:
    """A word, or a character where that is the unit, and its times in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Heard:
    """What is said, and its words with times where the recogniser gives them."""

    text: str
    words: Sequence[Word] = ()


Recogniser = Callable[[Wave], Heard]


def recogniser(directory: str, language: str = CHINESE, simplified: bool = True) -> Recogniser:
    """The recogniser in a directory: of transformers (Whisper, or CTC such as wav2vec 2.0 and
    HuBERT), or Whisper as CTranslate2 has it.

    `language` is what Whisper hears, "" as it detects; with `simplified` traditional Chinese
    becomes simplified. Raises SpeechError if there is none that can be used.
    """
    try:
        path = Path(directory)
        if not path.is_dir():
            raise OSError("no such directory")
        converted = (path / "model.bin").is_file()
        hear = _converted(path, language) if converted else _of_transformers(path, language)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise _unusable(directory, error) from error
    checked = _checked(hear, directory)
    return _simplifying(checked) if simplified else checked


def _checked(hear: Recogniser, directory: str) -> Recogniser:
    """Raises SpeechError for what cannot be used although it could be loaded."""

    def checked(wave: Wave) -> Heard:
        try:
            return hear(wave)
        except (ValueError, KeyError, IndexError, RuntimeError) as error:
            raise _unusable(directory, error) from error

    return checked


def _unusable(directory: str, why: object) -> SpeechError:
    return SpeechError(
        gettext_noop("The speech recogniser in %(directory)s cannot be used: %(why)s"),
        directory=directory,
        why=str(why)[:300],
    )


def _of_transformers(path: Path, language: str) -> Recogniser:
    from transformers import pipeline  # heavy, and the web process never imports it

    model: Any = pipeline("automatic-speech-recognition", model=str(path), device="cpu")
    options: dict[str, Any] = {}
    given = getattr(model.model, "generation_config", None)
    if model.type == "ctc":
        options["return_timestamps"] = "char"
    elif model.type == "seq2seq_whisper":
        if getattr(given, "alignment_heads", None) and hasattr(given, "no_timestamps_token_id"):
            options["return_timestamps"] = "word"
        if language and getattr(given, "is_multilingual", False):
            options["generate_kwargs"] = {"language": language, "task": "transcribe"}

    def hear(wave: Wave) -> Heard:
        result: Any = model({"raw": wave, "sampling_rate": RATE}, **options)
        chunks = result.get("chunks") or ()
        timed = [c for c in chunks if None not in c["timestamp"] and c["text"]]
        words = [Word(c["text"], *map(float, c["timestamp"])) for c in timed]
        whole = len(timed) == len(chunks)  # else a part of the text would be lost by cutting
        return Heard(str(result["text"]).strip(), words if whole else ())

    return hear


def _converted(path: Path, language: str) -> Recogniser:
    """Whisper as converted by `ct2-transformers-converter`, with its tokenizer.json beside it."""
    if find_spec("ctranslate2") is None:
        raise ImportError("CTranslate2 is not installed: pip install -r requirements-asr.lock")
    if not (path / "tokenizer.json").is_file():
        raise OSError("its tokenizer.json is missing: copy that of the model it was made of")
    # optional, and heavy: the web process never imports them
    import ctranslate2

    # heavy: the web process never imports it
    from tokenizers import Tokenizer

    # heavy: the web process never imports it
    from transformers import WhisperFeatureExtractor

    model = ctranslate2.models.Whisper(
        str(path), device="cpu", compute_type="auto", intra_threads=1
    )  # fmt: skip
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    extractor = WhisperFeatureExtractor(feature_size=_mels(path, model))
    end = tokenizer.token_to_id("<|endoftext|>")

    def numbers(*tokens: str) -> list[int]:
        found = [tokenizer.token_to_id(token) for token in tokens]
        if None in found:
            raise OSError(f"its tokenizer has no {tokens[found.index(None)]}")
        return [int(number) for number in found if number is not None]

    def prompt_of(features: Any) -> list[int]:
        if not model.is_multilingual:
            return numbers("<|startoftranscript|>")
        spoken = f"<|{language}|>" if language else model.detect_language(features)[0][0][0]
        return numbers("<|startoftranscript|>", spoken, "<|transcribe|>")

    numbers("<|startoftranscript|>", "<|notimestamps|>", "<|endoftext|>")

    def hear(wave: Wave) -> Heard:
        inputs = extractor(wave, sampling_rate=RATE, return_tensors="np")["input_features"]
        features = ctranslate2.StorageView.from_array(inputs.astype(np.float32))
        prompt = prompt_of(features)
        asked = [prompt + numbers("<|notimestamps|>")]
        tokens = list[int]()
        for more in ({}, {"no_repeat_ngram_size": UNREPEATED}):
            [result] = model.generate(features, asked, beam_size=BEAMS, **more)
            tokens = [token for token in result.sequences_ids[0] if token < end]
            if not repeats(tokenizer.decode(tokens)):
                break
        if not tokens:
            return Heard("")
        frames = min(inputs.shape[2], round(len(wave) / RATE / FRAME * 2))
        [aligned] = model.align(features, prompt, [tokens], [frames])
        text = tokenizer.decode(tokens).strip()
        words = list(_words_of(tokens, aligned.alignments, tokenizer.decode, len(wave) / RATE))
        return Heard(text, words if "".join(w.text for w in words).strip() == text else ())

    return hear


def _mels(path: Path, model: Any) -> int:
    prepares = path / "preprocessor_config.json"
    if prepares.is_file():
        return int(json.loads(prepares.read_text("utf-8")).get("feature_size", 80))
    return int(getattr(model, "n_mels", 80))


def _words_of(
    tokens: Sequence[int],
    alignment: Sequence[tuple[int, int]],
    decode: Callable[[list[int]], str],
    seconds: float,
) -> Iterator[Word]:
    """Whole characters or more with their times: a token may be a part of a character. An
    alignment is (place of a token, place in time), in order.
    """
    starts: dict[int, float] = {}
    for token, place in alignment:
        starts.setdefault(token, place * FRAME)
    part: list[int] = []
    begin = 0.0
    for number, token in enumerate(tokens):
        begin = begin if part else starts.get(number, begin)
        part.append(token)
        text = decode(part)
        if BROKEN not in text:
            yield Word(text, begin, max(begin, starts.get(number + 1, seconds)))
            part = []


def _simplifying(hear: Recogniser) -> Recogniser:
    from opencc import OpenCC  # takes 20 ms to load, which only who listens needs

    convert = OpenCC("t2s").convert

    def simplified(wave: Wave) -> Heard:
        heard = hear(wave)
        if not is_chinese(heard.text):
            return heard
        words = [Word(convert(word.text), word.start, word.end) for word in heard.words]
        return Heard(convert(heard.text), words)

    return simplified


def repeats(text: str) -> bool:
    """Whether it says the same again and again, as Whisper does of what it does not understand:
    its bytes can be packed to less than a part of COMPRESSED.
    """
    content = text.encode()
    return len(content) > COMPRESSED * len(zlib.compress(content))


def is_chinese(text: str) -> bool:
    """Whether it has Chinese characters and no Japanese syllables."""
    return bool(HAN.search(text)) and not KANA.search(text)
