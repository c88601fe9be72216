"""How much work a round would be: tasks, and hours a person at the pace that was measured."""

from dataclasses import dataclass

from annotation.pace import ASSUMED_SECONDS, seconds_an_utterance
from corpus.models import Dialogue


@dataclass(frozen=True)
class Workload:
    """The choices of the form of a new round, multiplied.

    `seconds` an utterance are the median of what was `measured` in the corpus, else an assumption.
    """

    dialogues: int
    overlap: int
    annotators: int
    utterances: float  # a dialogue, in the mean
    seconds: float
    measured: bool
    quota: int | None = None

    @classmethod
    def of(cls, corpus, sources, annotators, overlap, most=None, quota=None):
        """None while dialogues, annotators or the overlap are missing."""
        published = Dialogue.objects.published().filter(source__in=sources)
        dialogues = published.order_by().count() if sources else 0
        dialogues = min(dialogues, most) if most else dialogues
        if not (dialogues and annotators and overlap):
            return None
        counts = [source.counts for source in sources]
        whole = sum(count.get("dialogues", 0) for count in counts)
        mean = sum(count.get("utterances", 0) for count in counts) / whole if whole else 0.0
        seconds = seconds_an_utterance(corpus)
        return cls(
            dialogues,
            overlap,
            annotators,
            mean,
            seconds or ASSUMED_SECONDS,
            seconds is not None,
            quota,
        )

    @property
    def tasks(self) -> int:
        return self.dialogues * self.overlap

    @property
    def possible(self) -> bool:
        return self.annotators >= self.overlap

    @property
    def each(self) -> float:
        """Dialogues a person, in the mean."""
        return self.tasks / self.annotators

    @property
    def seconds_each(self) -> float:
        return self.each * self.utterances * self.seconds

    @property
    def too_small_a_quota(self) -> bool:
        """Whether all quotas together leave something undone."""
        return self.quota is not None and self.quota * self.annotators < self.tasks
