"""Dialogues and utterances of a corpus, and who speaks in them."""

from collections.abc import Iterator
from typing import Any, cast

from shengqing.rows import Dialogue, Speaker, Utterance
from shengqing.transport import Transport


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

    def utterances(self, corpus: int, **filters: Any) -> Iterator[Utterance]:
        """All utterances of a corpus, while they are read from the database."""
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

    def update(self, speaker: int, **details: str) -> Speaker:
        """Change `name`, `pseudonym`, `gender`, `age`, `role`; whatever is left out stays."""
        return cast(Speaker, self.transport.patch(f"speakers/{speaker}/", details))

    def merge(self, speaker: int, into: int) -> Speaker:
        """Give all utterances of a speaker to another one, which is answered."""
        return cast(Speaker, self.transport.post(f"speakers/{speaker}/merger/", {"into": into}))
