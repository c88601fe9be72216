"""Places of the experiments of a corpus."""

from django.utils.translation import gettext_lazy as _

from core.places import LEADS, Place

PLACES = (
    Place(
        group="action", order=650, label=_("Start runs"), icon="plus", url="new_run", roles=LEADS
    ),
    Place(
        group="publish",
        order=420,
        label=_("Experiments"),
        icon="flask-conical",
        url="runs",
        pages=frozenset(
            {
                *("run", "new_run", "compare_runs", "experiment", "run_errors", "run_relations"),
                *("protocol", "new_protocol"),
            }
        ),
        roles=LEADS,
    ),
    Place(
        group="publish",
        order=430,
        label=_("Models"),
        icon="package",
        url="models",
        pages=frozenset({"model", "register_model"}),
        roles=LEADS,
    ),
)
