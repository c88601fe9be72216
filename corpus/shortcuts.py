"""The shortcuts of the player and of the dialogue editor, for the account page."""

from django.utils.translation import gettext_lazy as _

from people.shortcuts import register

PLAYER = {
    " ": _("play or pause"),
    "r": _("replay the utterance"),
    "l": _("loop the utterance"),
    ",": _("slower"),
    ".": _("faster"),
    "ArrowLeft": _("one frame back"),
    "ArrowRight": _("one frame on"),
    "m": _("sound on or off"),
    "v": _("subtitles on or off"),
    "t": _("theatre mode"),
    "x": _("full screen"),
    "i": _("picture in picture"),
}
EDITOR = {
    " ": _("play or pause"),
    "r": _("replay the utterance"),
    "l": _("loop the utterance"),
    "ArrowUp": _("previous utterance"),
    "ArrowDown": _("next utterance"),
    "Enter": _("edit the text; again: next utterance"),
    "BracketLeft": _("start 10 ms earlier"),
    "BracketRight": _("start 10 ms later"),
    "Shift+BracketLeft": _("end 10 ms earlier"),
    "Shift+BracketRight": _("end 10 ms later"),
    "i": _("start at the playback position"),
    "o": _("end at the playback position"),
    "s": _("split at the playback position"),
    "m": _("merge with the next"),
    "n": _("new utterance at the playback position"),
    "Delete": _("delete the utterance"),
    "c": _("confirm automatic transcription"),
    "?": _("show this list"),
}


def register_shortcuts():
    register("player", _("Player"), PLAYER)
    register("editor", _("Dialogue editor"), EDITOR)
