"""Plain: which ffmpeg is run."""

import os
import shutil
from functools import cache

import imageio_ffmpeg


@cache
def ffmpeg_path() -> str:
    """FFMPEG_BINARY if set, else the machine's ffmpeg, else the one that imageio-ffmpeg carries."""
    return (
        os.environ.get("FFMPEG_BINARY") or shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
    )
