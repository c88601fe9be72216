"""Places of the releases of a corpus."""

from django.utils.translation import gettext_lazy as _

from core.places import LEADS, Place

PLACES = (
    Place(
        group="action",
        order=640,
        label=_("New release"),
        icon="plus",
        url="new_release",
        roles=LEADS,
    ),
    Place(
        group="publish",
        order=410,
        label=_("Releases"),
        icon="package",
        url="releases",
        pages=frozenset(
            {
                *("release", "new_release", "release_files", "release_file", "release_card"),
                *("diff", "release_diff", "personal_data"),
            }
        ),
    ),
)
