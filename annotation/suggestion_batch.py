"""What a machine would answer, checked against a corpus and stored as suggestions."""

from django.db import transaction

from annotation.models import SchemeVersion, Suggestion
from annotation.scheme import Scheme, SchemeError
from core.batches import write
from core.errors import ValidationError, gettext_noop
from corpus.models import Corpus, Utterance
from people.models import Event, Person

LONGEST_ORIGIN = 120


class SuggestionBatch:
    """Suggestions of one machine, `origin`, for utterances of a corpus, which are stored at once.

    Utterances are named by their `uid`, as files of releases name them. A task and its value have
    to be those of any version of the corpus' scheme.
    """

    def __init__(self, corpus: Corpus, origin: str):
        self.corpus, self.origin = corpus, origin
        schemes = [version.scheme for version in corpus.schemes.all()]
        self.schemes = schemes or [SchemeVersion.of(corpus).scheme]
        rows = Utterance.objects.filter(corpus=corpus)
        self.known: dict[str, int] = dict(rows.values_list("uid", "pk"))
        self.rows: dict[tuple[str, str], tuple[int, str, str, float, str]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, utterance: str, task: str, value: str, probability: float | None) -> None:
        """One answer with its probability. Raises ValidationError for what cannot be stored."""
        if utterance not in self.known:
            raise ValidationError(gettext_noop("no utterance %(uid)r."), uid=utterance)
        if not any(_fits(scheme, task, value) for scheme in self.schemes):
            raise ValidationError(
                gettext_noop("%(value)r is no answer to %(task)r in any scheme of the corpus."),
                value=value, task=task,
            )  # fmt: skip
        if probability is None or not 0 <= probability <= 1:
            raise ValidationError(gettext_noop("expected a probability from 0 to 1."))
        if (utterance, task) in self.rows:
            raise ValidationError(
                gettext_noop("a second value for %(task)r of %(uid)r."), task=task, uid=utterance
            )
        row = (self.known[utterance], task, value, float(probability), self.origin)
        self.rows[utterance, task] = row

    @transaction.atomic
    def store(self, person: Person | None) -> int:
        """Store them, with an event; how many. `person` None: by a command."""
        write(
            Suggestion, ("utterance", "task", "value", "probability", "origin"), self.rows.values()
        )
        Event.record(person, "suggest", self.corpus, origin=self.origin, count=len(self))
        return len(self)


def _fits(scheme: Scheme, task: str, value: str) -> bool:
    try:
        scheme.check(task, value)
    except SchemeError:
        return False
    return True
