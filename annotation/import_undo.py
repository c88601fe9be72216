"""Undoing an import: exactly what it made is removed, unless people have worked on it since."""

from collections.abc import Callable, Iterator
from functools import partial

from django.db import transaction
from django.db.models import Count, ProtectedError, Q, QuerySet
from django.utils import timezone

from annotation.agreement.item_counts import count_dialogues
from annotation.models import (
    Adjudication,
    Assignment,
    ExpertLabel,
    Guideline,
    Judgement,
    QualityFlagReview,
    Round,
    RoundItem,
    SchemeVersion,
    TableImport,
)
from annotation.models.table_imports import delete_all
from core.batches import batches
from core.errors import UserError, gettext_noop
from corpus.models import Dialogue, Source, Speaker, Utterance
from corpus.models.revisions import Revision
from people.models import Person

AT_ONCE = 200  # dialogues that are removed in one step
FILES = ("clip", "poster", "audio", "peaks")

Reason = Callable[[TableImport], Iterator[UserError]]
kept_because: list[Reason] = []  # why an import stays; apps further right add theirs


def reasons_against(row: TableImport) -> list[UserError]:
    """What people have made of the import since, a sentence each; empty if it can be undone."""
    return [error for reason in (_later_work, *kept_because) for error in reason(row)]


def request_undo(row: TableImport, person: Person) -> None:
    """Have all that the import made removed. Raises UserError if people have worked on it."""
    if reasons_against(row):
        raise UserError(gettext_noop("The import is kept: people have worked on it."))
    row.undo_by(person)


def dialogues_of(row: TableImport) -> QuerySet[Dialogue]:
    """The dialogues of the sources that the import made."""
    return Dialogue.objects.filter(source__in=row.created.get("sources", []))


def own_assignments(row: TableImport) -> QuerySet[Assignment]:
    """The work on these dialogues that came in with them."""
    accounts = Q(username="published-labels")
    for kind in ("imported", "released"):
        accounts |= Q(username__startswith=f"{kind}-{row.corpus_id}-", is_active=False)
    return Assignment.objects.filter(
        round__published=True,
        round__corpus=row.corpus_id,
        dialogue__in=dialogues_of(row),
        person__in=Person.objects.filter(accounts),
    )


def _later_work(row: TableImport) -> Iterator[UserError]:
    dialogues = dialogues_of(row)
    own = own_assignments(row)
    others = Assignment.objects.filter(dialogue__in=dialogues).exclude(pk__in=own.values("pk"))
    begun = others.filter(judgements__isnull=False).distinct().values("round__name")
    for found in begun.order_by("round__name").annotate(
        n=Count("pk", distinct=True), people=Count("person", distinct=True)
    ):
        yield UserError(
            gettext_noop(
                "Annotators have worked on %(count)d of its dialogues in the round “%(round)s”"
                " (annotators: %(people)d)."
            ),
            count=found["n"],
            round=found["round__name"],
            people=found["people"],
        )
    worked = {found["round__name"] for found in begun}
    items = RoundItem.objects.filter(dialogue__in=dialogues).exclude(round__name__in=worked)
    held = items.values("round__name").order_by("round__name").annotate(n=Count("pk"))
    for name, count in held.values_list("round__name", "n"):
        yield UserError(
            gettext_noop("The round “%(round)s” holds %(count)d of its dialogues."),
            round=name,
            count=count,
        )
    spoken = Utterance.all_objects.filter(dialogue__in=dialogues)
    ruled = Adjudication.objects.filter(utterance__in=spoken)
    ruled = ruled.exclude(person__username="published-labels")
    counts = {
        gettext_noop("%(count)d decisions of adjudicators are about its utterances."): ruled,
        gettext_noop("%(count)d expert labels were written on its utterances."): (
            ExpertLabel.objects.filter(
                utterance__in=spoken, pk__gt=row.created.get("last_expert_label", 0)
            )
        ),
        gettext_noop("%(count)d edits were made to its dialogues."): (
            Revision.objects.filter(dialogue__in=dialogues, number__gt=0)
        ),
        gettext_noop("%(count)d quality flags of its round were reviewed."): (
            QualityFlagReview.objects.filter(flag__round__in=row.created.get("rounds", []))
        ),
    }
    for template, rows in counts.items():
        if count := rows.count():
            yield UserError(template, count=count)


@transaction.atomic
def undo(row: TableImport) -> None:
    """Remove what the import made. Raises UserError if people have worked on it since."""
    against = reasons_against(row)
    if against:
        raise UserError(
            gettext_noop("The import is kept: people have worked on it. %(why)s"),
            why=against[0].to_json(),
        )
    own = own_assignments(row)
    rounds = Round.objects.filter(assignments__in=own).distinct()
    others = Assignment.objects.exclude(pk__in=own.values("pk")).values("round")
    shared = list(rounds.filter(pk__in=others))
    dialogues = list(dialogues_of(row).order_by("pk").values_list("pk", flat=True))
    names = [
        name
        for files in Dialogue.objects.filter(pk__in=dialogues).values_list(*FILES).iterator()
        for name in files
        if name
    ]
    done = 0
    for part in batches(dialogues, AT_ONCE):
        _remove_dialogues(row, part, shared)
        done += len(part)
        row.say_progress(done / (len(dialogues) + 1))
    Source.objects.filter(pk__in=row.created.get("sources", [])).delete()
    _remove_what_is_unused(row)
    names += [file["stored"] for file in row.files] + [row.problems_name]
    transaction.on_commit(partial(delete_all, names))
    TableImport.objects.filter(pk=row.pk).update(undone_at=timezone.now())


def _remove_dialogues(row: TableImport, dialogues: list[int], shared: list[Round]) -> None:
    """Remove some dialogues with everything about them; `shared` rounds hold others as well."""
    work = own_assignments(row).filter(dialogue__in=dialogues)
    utterances = Utterance.all_objects.filter(dialogue__in=dialogues)
    Adjudication.objects.filter(utterance__in=utterances).delete()
    Judgement.objects.filter(assignment__in=work).delete()
    if shared:
        list(work.select_for_update(of=("self",)).values_list("pk"))
        work.update(state="withdrawn")
        for round in shared:
            count_dialogues(round, dialogues)
    work.delete()
    utterances.delete()
    Dialogue.objects.filter(pk__in=dialogues).delete()


def _remove_what_is_unused(row: TableImport) -> None:
    """Rounds, speakers, scheme versions, guidelines and accounts that only the import needed."""
    made = row.created
    imports = TableImport.objects.filter(corpus=row.corpus_id).values_list("created", flat=True)
    rounds = [pk for created in imports for pk in created.get("rounds", [])]
    Round.objects.filter(pk__in=rounds, published=True, assignments=None).delete()
    speakers = Speaker.all_objects.filter(pk__in=made.get("speakers", []), speaker=None)
    for part in batches(list(speakers.values_list("pk", flat=True)), 500):
        spoken = Utterance.all_objects.filter(speaker__in=part).values("speaker")
        Speaker.all_objects.filter(pk__in=part).exclude(pk__in=spoken).delete()
    SchemeVersion.objects.filter(pk__in=made.get("schemes", []), rounds=None).delete()
    Guideline.objects.filter(pk__in=made.get("guidelines", []), rounds=None).delete()
    for person in Person.objects.filter(pk__in=made.get("people", []), assignments=None):
        try:
            with transaction.atomic():
                person.delete()
        except ProtectedError:  # something else names the account: it stays, and does no harm
            continue
    _hand_over(row)


def _hand_over(row: TableImport) -> None:
    """What other imports have come to need is theirs now, to be removed with the last of them."""
    kept = {
        "rounds": Round.objects.all(),
        "speakers": Speaker.all_objects.all(),
        "schemes": SchemeVersion.objects.all(),
        "guidelines": Guideline.objects.all(),
        "people": Person.objects.all(),
    }
    others = TableImport.objects.filter(corpus=row.corpus_id, undone_at=None).exclude(created={})
    heir = others.exclude(pk=row.pk).select_for_update().order_by("pk").first()
    if heir is None:
        return
    for kind, rows in kept.items():
        left = rows.filter(pk__in=row.created.get(kind, [])).values_list("pk", flat=True)
        heir.created[kind] = sorted({*heir.created.get(kind, []), *left})
    heir.save(update_fields=["created"])
