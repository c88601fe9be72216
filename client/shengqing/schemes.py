"""Label schemes and guidelines: their versions, and the next one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from shengqing.rows import Guideline, GuidelineText, Scheme
from shengqing.transport import Transport


class Schemes:
    """The versions of label schemes; a round names one by its number."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, corpus: int) -> Iterator[Scheme]:
        """Those of a corpus that you lead or adjudicate, the newest first."""
        return cast("Iterator[Scheme]", self.transport.pages(f"corpora/{corpus}/schemes/"))

    def get(self, corpus: int, number: int) -> Scheme:
        """A version."""
        return cast(Scheme, self.transport.get(f"corpora/{corpus}/schemes/{number}/"))

    def create(
        self,
        corpus: int,
        tasks: Sequence[Mapping[str, Any]],
        *,
        rules: Sequence[Mapping[str, Any]] = (),
        note: str = "",
    ) -> Scheme:
        """The next version, or the one that has these very tasks and rules."""
        body = {"tasks": [*tasks], "rules": [*rules], "note": note}
        return cast(Scheme, self.transport.post(f"corpora/{corpus}/schemes/", body))


class Guidelines:
    """The versions of what annotators are told."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, corpus: int) -> Iterator[Guideline]:
        """Those of a corpus that you lead or adjudicate, the newest first."""
        return cast("Iterator[Guideline]", self.transport.pages(f"corpora/{corpus}/guidelines/"))

    def get(self, guideline: int) -> GuidelineText:
        """A version with its text."""
        return cast(GuidelineText, self.transport.get(f"guidelines/{guideline}/"))

    def create(self, corpus: int, text: str, *, note: str = "") -> GuidelineText:
        """The next version, in Markdown; the same words as the newest one make none."""
        body = {"text": text, "note": note}
        return cast(GuidelineText, self.transport.post(f"corpora/{corpus}/guidelines/", body))
