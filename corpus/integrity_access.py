"""The issues of a corpus as somebody may see them."""

from django.db.models import QuerySet

from corpus.models import Corpus, Dialogue, IntegrityIssue
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
