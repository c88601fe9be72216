"""The shortcuts of the workbench, for the account page."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.shortcuts import register

WORKBENCH = {
    "Enter": _("confirm what is lit, else next utterance; after the last one, submit"),
    "p": _("answer what is open as the utterance before"),
    "Backspace": _("back to the previous question"),
    "ArrowUp": _("previous utterance"),
    "ArrowDown": _("next utterance"),
    "u": _("undo the last answer"),
    "-": _("lower confidence in the last answer"),
    "y": _("keep the answers despite a warning"),
    "c": _("comment"),
    "f": pgettext_lazy("verb: to mark as faulty", "flag"),
    "g": _("guideline"),
    "s": _("skip the dialogue"),
    "?": _("show this list"),
}


def register_shortcuts():
    register("workbench", _("Workbench"), WORKBENCH, beside=["player"])
