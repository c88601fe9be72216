"""Dialogues and utterances of a corpus, and who speaks in them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from shengqing.rows import Dialogue, Document, Job, Revision, Speaker, Utterance
from shengqing.transport import Progress, Transport

Part = Literal["clip", "silent", "sound", "audio", "poster", "peaks"]


class Dialogues:
    """What the sources of a corpus were cut into."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, corpus: int, **filters: Any) -> Iterator[Dialogue]:
        """The dialogues of a corpus, page by page."""
        path = f"corpora/{corpus}/dialogues/"
        return cast("Iterator[Dialogue]", self.transport.pages(path, **filters))

    def get(self, dialogue: int) -> Dialogue:
        """A dialogue."""
        return cast(Dialogue, self.transport.get(f"dialogues/{dialogue}/"))

    def publish(self, dialogue: int) -> Dialogue:
        """Make it ready for annotators."""
        return cast(Dialogue, self.transport.post(f"dialogues/{dialogue}/publication/"))

    def unpublish(self, dialogue: int) -> None:
        """Take back what you published within the last hour."""
        self.transport.delete(f"dialogues/{dialogue}/publication/")

    def edited(self, dialogue: int) -> Document:
        """Its turns as they are edited now, of a corpus that you lead."""
        return cast(Document, self.transport.get(f"dialogues/{dialogue}/head/"))

    def edit(self, dialogue: int, base: int, turns: Sequence[Mapping[str, Any]]) -> Document:
        """Its turns as they are to be, all of them; `base` is the head that you saw. Raises
        Conflict where somebody was faster.
        """
        body = {"base": base, "turns": [*turns]}
        return cast(Document, self.transport.post(f"dialogues/{dialogue}/revisions/", body))

    def revisions(self, dialogue: int) -> Iterator[Revision]:
        """Its edits, the latest first."""
        path = f"dialogues/{dialogue}/revisions/"
        return cast("Iterator[Revision]", self.transport.pages(path))

    def undo(self, dialogue: int, base: int) -> Document:
        """Go a revision back."""
        return self._move(dialogue, {"base": base, "to": "undo"})

    def redo(self, dialogue: int, base: int) -> Document:
        """Go forward again."""
        return self._move(dialogue, {"base": base, "to": "redo"})

    def restore(self, dialogue: int, base: int, revision: int) -> Document:
        """Go to any revision."""
        return self._move(dialogue, {"base": base, "revision": revision})

    def split(self, dialogue: int, utterance: int) -> Job:
        """Let a new dialogue begin at an utterance; the job cuts the source again."""
        body = {"utterance": utterance}
        return cast(Job, self.transport.post(f"dialogues/{dialogue}/split/", body))

    def join(self, dialogue: int) -> Job:
        """Join it with the next one; the job cuts the source again."""
        return cast(Job, self.transport.post(f"dialogues/{dialogue}/join/"))

    def changes(self, dialogue: int) -> Sequence[Mapping[str, Any]]:
        """What annotators do not see yet of the edits of a published dialogue."""
        found = self.transport.get(f"dialogues/{dialogue}/republication/")
        return cast("Sequence[Mapping[str, Any]]", found["changes"])

    def republish(self, dialogue: int, keep: Sequence[str] = ()) -> Mapping[str, int]:
        """Show the edits to annotators; judgements of utterances whose `uid` is in `keep` hold
        although these changed. How many are judged `anew`, and submissions `reopened`.
        """
        path = f"dialogues/{dialogue}/republication/"
        return self.transport.post(path, {"keep": [*keep]})

    def media(
        self, dialogue: int, part: Part, target: Path | str, progress: Progress | None = None
    ) -> Path:
        """Download its clip or a part of it, where the corpus lets you."""
        path = f"dialogues/{dialogue}/media/{part}/"
        return self.transport.download(path, Path(target), progress)

    def sound(self, utterance: int, target: Path | str) -> Path:
        """Download the sound of an utterance (WAV, 16 kHz, mono)."""
        return self.transport.download(f"utterances/{utterance}/sound.wav", Path(target))

    def _move(self, dialogue: int, body: Mapping[str, Any]) -> Document:
        return cast(Document, self.transport.post(f"dialogues/{dialogue}/head/", body))

    def utterances(self, corpus: int, **filters: Any) -> Iterator[Utterance]:
        """All utterances of a corpus, while they are read from the database; `q` (words),
        `dialogue`, `source`, `speaker`, `machine` narrow them.
        """
        path = f"corpora/{corpus}/utterances.ndjson"
        return cast("Iterator[Utterance]", self.transport.lines(path, **filters))


class Speakers:
    """The speakers of corpora that you lead."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, corpus: int) -> Iterator[Speaker]:
        """Those of a corpus."""
        return cast("Iterator[Speaker]", self.transport.pages(f"corpora/{corpus}/speakers/"))

    def introduce(self, corpus: int, name: str) -> Speaker:
        """The speaker of a name, made if there is none."""
        return cast(Speaker, self.transport.post(f"corpora/{corpus}/speakers/", {"name": name}))

    def give_pseudonyms(self, corpus: int) -> int:
        """Give a pseudonym to each speaker who has none; how many were given."""
        return int(self.transport.post(f"corpora/{corpus}/pseudonyms/")["given"])

    def update(self, speaker: int, **details: str) -> Speaker:
        """Change `name`, `pseudonym`, `gender`, `age`, `role`; whatever is left out stays."""
        return cast(Speaker, self.transport.patch(f"speakers/{speaker}/", details))

    def merge(self, speaker: int, into: int) -> Speaker:
        """Give all utterances of a speaker to another one, which is answered."""
        return cast(Speaker, self.transport.post(f"speakers/{speaker}/merger/", {"into": into}))
