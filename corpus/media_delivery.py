"""The media of dialogues and utterances as files, whole or in parts, to those from whom nothing
is withheld that they show.
"""

import hashlib

from django.http import Http404

from core.byte_ranges import ranged_stream, stored_response
from corpus import visibility
from corpus.media_info import MediaError
from corpus.renditions import KINDS, rendition, sound_of

MEDIA = {  # what of a dialogue -> its type, and what it shows of the dialogue
    "clip": ("video/mp4", visibility.MODALITIES),
    "poster": ("image/jpeg", visibility.MODALITIES),  # of a sound: its waveform
    "audio": ("audio/flac", [visibility.SOUND]),
    "peaks": ("application/json", [visibility.SOUND]),
    "silent": ("video/mp4", [visibility.PICTURE]),
    "sound": ("audio/mp4", [visibility.SOUND]),
}


def give_media(request, dialogue, name):
    """The answer with one of MEDIA of a dialogue, or a part of it. Raises Http404 where there is no
    such file, Withheld where the person may not see what it shows, MediaError where the clip has no
    such stream.
    """
    if name not in MEDIA:
        raise Http404
    kind, modalities = MEDIA[name]
    visibility.guard(request.user, dialogue, *modalities)
    if name in KINDS:
        return _rendition(request, dialogue, name, kind)
    file = getattr(dialogue, name)
    if not file:
        raise Http404
    return stored_response(request, file.name, kind, aside=name != "peaks")


def _rendition(request, dialogue, name, kind):
    """The clip without its sound or its picture; never the clip itself."""
    if not dialogue.clip:
        raise Http404
    try:
        return stored_response(request, rendition(dialogue, name), kind)
    except FileNotFoundError as error:
        raise Http404 from error
    except MediaError:
        if name == "sound" and dialogue.audio:  # sound that MP4 cannot hold
            return stored_response(request, dialogue.audio.name, "audio/flac")
        raise


def give_sound(request, utterance):
    """The answer with the sound of an utterance as WAV, or a part of it. Raises Http404 where there
    is none, Withheld where the person may not hear it, MediaError where it cannot be cut.
    """
    visibility.guard(request.user, utterance.dialogue, visibility.SOUND)
    if not utterance.dialogue.audio or utterance.start is None or utterance.end is None:
        raise Http404
    try:
        sound = sound_of(utterance)
    except FileNotFoundError as error:
        raise Http404 from error
    digest = hashlib.sha256(sound).hexdigest()
    return ranged_stream(request, len(sound), lambda a, b: [sound[a : b + 1]], "audio/wav", digest)
