"""A stand-in for cutting as it once was: clips whose sound is somewhere else than in the source."""

import subprocess
from pathlib import Path

from django.conf import settings

from corpus.keeping import digest
from corpus.media import ffmpeg_path
from corpus.models import Dialogue


def flashing(path: Path, marks=(3.0, 12.0), seconds=14) -> Path:
    """A film with a flash and a beep of 0.2 s at each mark; else dark, and silent but for noise."""
    at = "+".join(f"between(t,{mark},{mark + 0.2})" for mark in marks)
    picture = f"color=c=0x203040:s=320x240:r=25:d={seconds}"
    picture += f",drawbox=c=white:t=fill:enable='{at}'"
    sound = f"aevalsrc='0.5*sin(2*PI*1000*t)*({at})':s=48000:d={seconds}"
    command = [ffmpeg_path(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", sound, "-c:v", "libx264", "-preset", "ultrafast"]
    command += ["-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)
    return path


def shift_sound(dialogue: Dialogue, seconds=1.92) -> None:
    """Let the sound of a stored clip come earlier, as the row has it: nothing shows it."""
    clip = settings.MEDIA_ROOT / dialogue.clip.name
    shifted = clip.with_name(f"shifted-{clip.name}")
    command = [ffmpeg_path(), "-y", "-loglevel", "error", "-i", str(clip)]
    command += ["-filter_complex", f"[0:a]atrim=start={seconds},asetpts=PTS-STARTPTS,apad[a]"]
    command += ["-map", "0:v", "-map", "[a]", "-c:v", "copy", "-c:a", "aac", "-shortest"]
    subprocess.run([*command, str(shifted)], check=True)
    shifted.replace(clip)
    Dialogue.objects.filter(pk=dialogue.pk).update(
        clip_sha256=digest(clip), cutter=None, clip_check=None
    )
