"""The media of a corpus as files, whole or in parts, for whoever may download clips; and what was
uploaded. What a round withholds from who annotates it is withheld here, too.
"""

from django.shortcuts import get_object_or_404

from core.byte_ranges import is_first_part
from corpus.media_delivery import give_media, give_sound
from corpus.models import Utterance
from corpus.permissions import downloadable_dialogue
from corpus.views.source_files import source_file
from people.api.views import FileView


class DialogueMedia(FileView):
    """A file of a dialogue: `clip` (MP4), `silent` and `sound` (the clip without the one or the
    other), `audio` (FLAC, 16 kHz, mono), `poster` (JPEG), `peaks` (JSON, the waveform). For leads,
    and for members where the corpus lets them download clips.
    """

    tag = "dialogues"
    may_redirect = True
    file_schema = {"description": "bytes, or the JSON of the waveform"}

    def give(self, request, pk, name):
        dialogue = downloadable_dialogue(request, pk)
        answer = give_media(request, dialogue, name)
        if is_first_part(request):
            request.user.record("download", dialogue, file=name)
        return answer


class UtteranceSound(FileView):
    """The sound of an utterance (WAV, 16 kHz, mono), cut from its dialogue's. For whoever may
    download that.
    """

    tag = "utterances"

    def give(self, request, pk):
        utterance = get_object_or_404(Utterance.objects.select_related("dialogue"), pk=pk)
        dialogue = downloadable_dialogue(request, utterance.dialogue_id)
        answer = give_sound(request, utterance)
        if is_first_part(request):
            request.user.record("download", dialogue, file="sound", utterance=utterance.uid)
        return answer


class SourceFile(FileView):
    """The `media` or the `transcript` of a source as they were uploaded, for its leads."""

    tag = "sources"
    may_redirect = True

    def give(self, request, pk, name):
        return source_file(request, pk, name)
