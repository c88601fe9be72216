"""Events of webhooks about training runs."""

from django.utils.translation import gettext_lazy as _

from corpus.webhooks.kinds import EventKind, api_address
from modeling.training import COMPLETED
from releases.webhook_events import describe_release


def describe_run(run):
    """Which run of which recipe on which release; no results, which may be withheld."""
    return describe_release(run.release) | {
        "run": {
            "id": run.pk,
            "recipe": run.recipe,
            "seed": run.seed,
            "experiment": run.experiment_id,
            "url": api_address("api_run", run.pk),
        }
    }


KINDS = [EventKind(COMPLETED, _("run done"), describe_run)]
