"""Small films for tests, drawn by ffmpeg."""

import subprocess
from pathlib import Path

from corpus.media import ffmpeg_path

WORDS = """1
00:00:01,000 --> 00:00:03,500
张三：晚饭吃什么？

2
00:00:10,000 --> 00:00:12,500
李四：煮面吧。
"""


CODECS = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -c:a aac"
TRACKS = (
    "-map 0:v -map 1:a -map 0:a -map 2:s -map 3:s -c:v copy -c:a aac -c:s:0 srt -c:s:1 ass"
    " -disposition:a:0 comment -disposition:a:1 default"
)


def ffmpeg(*arguments) -> None:
    """Run ffmpeg; an error fails the test."""
    subprocess.run([ffmpeg_path(), "-y", "-loglevel", "error", *map(str, arguments)], check=True)


def flashing(path: Path, marks=(3.0, 12.0), seconds=14) -> Path:
    """A film with a flash and a beep of 0.2 s at each mark; else dark and silent."""
    at = "+".join(f"between(t,{mark},{mark + 0.2})" for mark in marks)
    picture = f"color=c=0x203040:s=320x240:r=25:d={seconds}"
    picture += f",drawbox=c=white:t=fill:enable='{at}'"
    sound = f"aevalsrc='0.5*sin(2*PI*1000*t)*({at})':s=48000:d={seconds}"
    codecs = CODECS.split()
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *codecs, path)
    return path


def two_tracks(path: Path, film: Path, words: str = WORDS) -> Path:
    """`film` with its talk (Chinese) after a loud commentary (English), and subtitles inside.

    Streams: 0 picture, 1 commentary, 2 talk (default), 3 Chinese SRT, 4 English ASS.
    """
    srt = path.with_suffix(".inside.srt")
    srt.write_text(words, encoding="utf-8")
    tone = "aevalsrc='0.4*sin(2*PI*300*t)':s=48000:d=14"
    inputs = ["-i", film, "-f", "lavfi", "-i", tone, "-i", srt, "-i", srt]
    maps = TRACKS.split()
    names = {"a:0": "eng", "a:1": "chi", "s:0": "chi", "s:1": "eng"}
    for stream, code in names.items():
        maps += [f"-metadata:s:{stream}", f"language={code}"]
    maps += ["-metadata:s:a:0", "title=Commentary", "-metadata:s:s:1", "title=Signs"]
    ffmpeg(*inputs, *maps, path)
    return path
