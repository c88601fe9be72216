"""Events of webhooks about rounds: submissions, completed and closed rounds, low agreement."""

import datetime

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.agreement import item_counts, measures
from annotation.answers import SUBMITTED
from annotation.blinding import withheld_rounds
from annotation.models import Round, Submission
from annotation.models.daily_work import local_day
from annotation.models.rounds import CLOSED, COMPLETED
from annotation.progress import is_complete
from corpus.models import Dialogue, Webhook
from corpus.webhooks.corpus_events import about_corpus
from corpus.webhooks.kinds import AGREEMENT, EventKind, api_address

LOOKED_FOR = datetime.timedelta(days=7)  # after its last submission a round may still be announced


def about_round(round):
    """The round, as messages name it."""
    return {
        "corpus": about_corpus(round.corpus),
        "round": {
            "id": round.pk,
            "name": round.name,
            "url": api_address("api_round", round.pk),
        },
    }


def describe_submission(assignment):
    """Which dialogue was submitted in which round, not by whom."""
    round = Round.objects.select_related("corpus").get(pk=assignment.round_id)
    dialogue = Dialogue.objects.get(pk=assignment.dialogue_id)  # the queue loads but parts of both
    return about_round(round) | {
        "dialogue": {
            "id": dialogue.pk,
            "name": dialogue.uid,
            "url": api_address("api_dialogue", dialogue.pk),
        }
    }


def low_agreement(delivery, beat):
    """What a message says of the tasks of a round whose alpha is below the webhook's bound; None
    where there are none.
    """
    round = Round.objects.get(pk=delivery.thing_id)
    item_counts.catch_up(round, beat=lambda _share: beat())
    bound = delivery.webhook.agreement_bound
    found = {each.task.key: each.alpha["value"] for each in measures.live(round)}
    low = [
        {"task": task, "alpha": round_to_three(value)}
        for task, value in found.items()
        if value is not None and bound is not None and value < bound
    ]
    return about_round(round) | {"bound": bound, "tasks": low} if low else None


def round_to_three(value):
    return float(f"{value:.3f}")


def announce_complete_rounds():
    """Tell of rounds in which every dialogue has all its submissions; how many messages.

    It is looked for beside the submissions, of which the last two may come at once and neither
    would see the other. A round that becomes complete again, because it was extended, is told
    again; one in which somebody only submits the same dialogue again is not.
    """
    count = 0
    for round in _rounds_to_look_at():
        if is_complete(round):
            last = Submission.objects.filter(assignment__round=round).aggregate(at=Max("at"))["at"]
            count += round.announce_completion(last)
    return count


def _rounds_to_look_at():
    wanted = [
        corpus
        for corpus, chosen in Webhook.objects.filter(active=True).values_list("corpus", "kinds")
        if {COMPLETED, AGREEMENT} & {*chosen.split()}
    ]
    since = local_day(timezone.now() - LOOKED_FOR)
    rounds = Round.objects.filter(corpus__in=wanted, kind=Round.Kind.JUDGING, published=False)
    worked_on = rounds.filter(daily_work__day__gte=since).distinct() if wanted else rounds.none()
    return worked_on.select_related("corpus").order_by("pk")


KINDS = [
    EventKind(SUBMITTED, _("submission"), describe_submission),
    EventKind(COMPLETED, _("round complete"), about_round),
    EventKind(CLOSED, _("round closed"), about_round),
    EventKind(
        AGREEMENT,
        _("agreement below a bound"),
        about_round,
        withheld=withheld_rounds,
        assess=low_agreement,
    ),
]
