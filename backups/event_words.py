"""What the audit log says about backups."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from people.event_words import Kind, Noun

NOUNS = {
    "backup": Noun(
        _("backup"), lambda backup: str(backup), lambda _backup: reverse("installation_backups")
    ),
}
SENTENCES = {
    Kind.JOBS: {
        ("back up", "backup"): _("%(who)s requested %(thing)s"),
        ("check backup", "backup"): _("%(who)s had %(thing)s checked"),
        ("restore", "backup"): _("%(who)s restored %(thing)s"),
    },
}
