"""A stand-in for cutting as it once was: clips whose sound is somewhere else than in the source."""

from pathlib import Path

from django.conf import settings

from core.storage import digest
from corpus.models import Dialogue
from tests.corpus.marked_films import make


def earlier(clip: Path, seconds=1.92) -> None:
    """Let the sound of a clip come so much earlier than its picture."""
    shifted = clip.with_name(f"shifted-{clip.name}")
    sound = f"[0:a]atrim=start={seconds},asetpts=PTS-STARTPTS,apad[a]"
    maps = ["-map", "0:v", "-map", "[a]", "-c:v", "copy", "-c:a", "aac", "-shortest"]
    make(shifted, "-i", str(clip), "-filter_complex", sound, *maps)
    shifted.replace(clip)


def shift_sound(dialogue: Dialogue, seconds=1.92) -> None:
    """Let the sound of a stored clip come earlier, as code without a version left it."""
    clip = settings.MEDIA_ROOT / dialogue.clip.name
    earlier(clip, seconds)
    Dialogue.objects.filter(pk=dialogue.pk).update(
        clip_sha256=digest(clip), cutter_version=None, clip_check=None
    )
