"""Clips without their sound or without their picture, for those who may not have both; the sound of
one utterance.

Of a clip it is its own stream, copied, not encoded again: the same frames and samples at the same
times. It is made when it is first asked for and kept under the digest of the clip that it was made
of, so that a clip that is cut again gets others; the old ones are deleted with the old clip. The
sound of an utterance is cut each time.
"""

import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from core import storage
from corpus.media_process import MediaProcess
from corpus.models import Dialogue, Source, Utterance

KINDS = {"silent": ".silent.mp4", "sound": ".sound.m4a"}  # each with the end of its files


def rendition(dialogue: Dialogue, kind: str) -> str:
    """The name of the stored file with one of KINDS of the dialogue's clip, made if need be.

    Raises MediaError if the clip has no such stream or it cannot be copied, FileNotFoundError if
    the clip is gone.
    """
    suffix = KINDS[kind]
    if dialogue.clip_sha256:
        name = f"{_folder(dialogue.source)}/{dialogue.clip_sha256}{suffix}"
        if default_storage.exists(name):
            return name
    with storage.local(str(dialogue.clip)) as clip:
        if not clip.exists():
            raise FileNotFoundError(dialogue.clip.name)
        name = f"{_folder(dialogue.source)}/{storage.digest(clip)}{suffix}"
        if not default_storage.exists(name):
            settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=settings.WORK_DIR) as folder:
                made = Path(folder) / f"made{suffix}"
                _make(kind, clip, made)
                storage.put_once(made, name)
    return name


def _make(kind: str, clip: Path, target: Path) -> None:
    most = 2 * clip.stat().st_size
    with MediaProcess(clip, folder=target.parent, most_bytes=most) as media:
        make = media.extract_picture if kind == "silent" else media.extract_sound
        make(clip, target)


def sound_of(utterance: Utterance) -> bytes:
    """The sound of an utterance that has times, as WAV (16 kHz, mono, 16 bit).

    Raises MediaError if it cannot be cut, FileNotFoundError if the dialogue's sound is gone.
    """
    start, end = utterance.start, utterance.end
    assert start is not None and end is not None, "an utterance that has no place in the sound"
    with storage.local(str(utterance.dialogue.audio)) as audio:
        if not audio.exists():
            raise FileNotFoundError(utterance.dialogue.audio.name)
        settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.WORK_DIR) as folder:
            made = Path(folder) / "made.wav"
            with MediaProcess(audio, folder=Path(folder), length=end - start) as media:
                media.extract_span(audio, start, end, made)
            return made.read_bytes()


def delete_unused_renditions(source: Source) -> None:
    """Delete what was made of clips that no dialogue of the source has any more."""
    used = set(source.dialogues.values_list("clip_sha256", flat=True))
    for name in list(storage.names_under(_folder(source))):
        if Path(name).name.partition(".")[0] not in used:
            default_storage.delete(name)


def _folder(source: Source) -> str:
    return f"renditions/{source.corpus_id}/{source.pk}"
