"""What checks found wrong with clips, and which of them can be cut again."""

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone

from core import storage
from core.errors import gettext_noop
from core.translation import translate
from corpus.models import Corpus, Dialogue, Source
from jobs.models import JobStatus

MOST_CUT_OFF = 0.2  # seconds of an utterance that the border of a clip may take
MISSING = gettext_noop("A file of the clip is missing.")
CHANGED = gettext_noop("The file of the clip is not the one that was cut.")
OWN_CLIPS = gettext_noop("It came with its own clip; there is no source to cut it from.")
MEDIA_GONE = gettext_noop("The media of “%(source)s” are gone from the storage.")
BUSY = gettext_noop("“%(source)s” is being cut just now. Try again when it is done.")


@dataclass(frozen=True)
class ClipFault:
    """One thing that is wrong with a clip: its kind (of integrity.KINDS), and a sentence."""

    kind: str
    template: str
    values: dict[str, Any]


@dataclass(frozen=True)
class ClipCheck:
    """What is wrong with a clip beside its source, and what cutting measured of it."""

    faults: list[ClipFault]
    measured: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a dialogue keeps it, with the time of now."""
        return {"at": timezone.now().isoformat()} | asdict(self)


def record_changed_file(dialogue: int, clip: str) -> None:
    """Keep with a dialogue (id) that its file `clip` is not the one that was cut."""
    row = Dialogue.objects.get(pk=dialogue)
    known = [fault for fault in faults_of(row) if fault.kind != "changed"]
    measured = (row.clip_check or {}).get("measured", {})
    check = ClipCheck([*known, ClipFault("changed", CHANGED, {})], measured)
    Dialogue.objects.filter(pk=dialogue, clip=clip).update(clip_check=check.to_json())


def faults_of(dialogue: Dialogue) -> list[ClipFault]:
    """What the last check found wrong with the clip of a dialogue."""
    return [ClipFault(**row) for row in (dialogue.clip_check or {}).get("faults", [])]


def checked_since(dialogue: Dialogue, since: datetime.datetime) -> bool:
    """True if the clip was compared with its source after that."""
    at = (dialogue.clip_check or {}).get("at")
    return at is not None and datetime.datetime.fromisoformat(at) >= since


def clips_to_recut(corpus: Corpus) -> tuple[list[Dialogue], list[tuple[str, str]]]:
    """The dialogues whose clips are wrong and can be cut again, and (name, why) of the others."""
    possible, impossible = [], []
    why_not: dict[int, tuple[str, dict[str, Any]] | None] = {}
    for dialogue in faulty_dialogues(corpus):
        source = dialogue.source
        if source.pk not in why_not:
            why_not[source.pk] = why_not_recut(source)
        reason = why_not[source.pk]
        if reason:
            impossible.append((dialogue.uid, translate(*reason)))
        else:
            possible.append(dialogue)
    return possible, impossible


def faulty_dialogues(corpus: Corpus) -> Iterator[Dialogue]:
    """Dialogues with a clip that is missing or was found wrong, where a new clip is right."""
    stored = set(storage.names_under(f"clips/{corpus.pk}"))
    rows = corpus.dialogues.exclude(clip="").select_related("source", "publication")
    for dialogue in rows.order_by("source_id", "number"):
        if repairable_faults(dialogue) or any(name not in stored for name in files_of(dialogue)):
            yield dialogue


def repairable_faults(dialogue: Dialogue) -> list[ClipFault]:
    """What the last check found wrong with a clip and a new one mends."""
    return [fault for fault in faults_of(dialogue) if fault.kind != "truncated"]


def files_of(dialogue: Dialogue) -> list[str]:
    """The names of the stored files of a dialogue."""
    files = (dialogue.clip, dialogue.poster, dialogue.audio, dialogue.peaks)
    return [str(file) for file in files if file]


def why_not_recut(source: Source) -> tuple[str, dict[str, Any]] | None:
    """Why clips of a source cannot be cut again, as template and values."""
    if not source.media:
        return OWN_CLIPS, {}
    if not default_storage.exists(str(source.media)):
        return MEDIA_GONE, {"source": source.title}
    if source.status != JobStatus.DONE:
        return BUSY, {"source": source.title}
    return None
