"""The issues of a corpus as somebody may see them."""

from django.db.models import QuerySet

from corpus.models import ClipRecut, Corpus, Dialogue, IntegrityIssue
from corpus.visibility import MODALITIES, withheld
from people.models import Person


def shown_issues(
    person: Person, corpus: Corpus
) -> tuple[QuerySet[IntegrityIssue], QuerySet[Dialogue] | None]:
    """The issues of the last report without those of dialogues of which something is withheld from
    the person now, and these dialogues; None if there are none.
    """
    hidden = withheld(person, *MODALITIES).filter(corpus=corpus)
    issues = corpus.integrity_issues.all()
    if not hidden.exists():
        return issues, None
    of_hidden = hidden.order_by().values("pk")
    return issues.exclude(dialogue__in=of_hidden).exclude(other__in=of_hidden), hidden


def shown_reasons(person: Person, job: ClipRecut | None) -> list[tuple[str, str]]:
    """(name of a dialogue, why its clip was left as it is) of the last re-cutting, without those of
    which something is withheld from the person now: a reason says what is heard and seen.
    """
    if job is None or not job.skipped:
        return []
    hidden = withheld(person, *MODALITIES).filter(corpus=job.corpus_id).order_by()
    names = set(hidden.values_list("uid", flat=True))
    return [(name, why) for name, why in job.reasons if name not in names]
