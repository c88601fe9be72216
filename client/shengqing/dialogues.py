"""Dialogues and utterances of a corpus."""

from collections.abc import Iterator
from typing import Any, cast

from shengqing.rows import Dialogue, Utterance
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

    def utterances(self, corpus: int, **filters: Any) -> Iterator[Utterance]:
        """All utterances of a corpus, while they are read from the database."""
        path = f"corpora/{corpus}/utterances.ndjson"
        return cast("Iterator[Utterance]", self.transport.lines(path, **filters))
