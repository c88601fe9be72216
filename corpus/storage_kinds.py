"""The kinds of files that a corpus stores, as `corpus_files` of the models name them."""

from django.utils.translation import gettext_lazy as _

KINDS = {
    "sources": _("original media and transcripts"),
    "clips": _("clips of dialogues"),
    "imports": _("uploaded tables"),
    "uploads": _("uploads that are not complete"),
    "releases": _("releases"),
    "runs": _("runs"),
}
