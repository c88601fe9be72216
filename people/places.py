"""Places of a person and of the installation, for the command palette."""

from django.utils.translation import gettext_lazy as _

from core.places import Place

PLACES = (
    Place(
        group="account",
        order=800,
        label=_("Account"),
        icon="circle-user-round",
        url="account",
        of_corpus=False,
    ),
    Place(
        group="account",
        order=810,
        label=_("Security"),
        icon="key-round",
        url="account_security",
        of_corpus=False,
    ),
    Place(
        group="account",
        order=820,
        label=_("Shortcuts"),
        icon="keyboard",
        url="account_shortcuts",
        of_corpus=False,
    ),
    Place(
        group="account",
        order=830,
        label=_("Tokens"),
        icon="braces",
        url="account_tokens",
        of_corpus=False,
    ),
    Place(
        group="installation",
        order=910,
        label=_("People"),
        icon="users",
        url="installation_people",
        of_corpus=False,
        administrators=True,
    ),
    Place(
        group="installation",
        order=940,
        label=_("Audit log"),
        icon="scroll-text",
        url="installation_audit_log",
        of_corpus=False,
        administrators=True,
    ),
)
