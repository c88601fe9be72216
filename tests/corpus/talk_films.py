"""A short talk on film for tests, and the same with more tracks and subtitles inside."""

from pathlib import Path

from tests.corpus.marked_films import X264, beeps, lights, make

WORDS = """1
00:00:01,000 --> 00:00:03,500
张三：晚饭吃什么？

2
00:00:10,000 --> 00:00:12,500
李四：煮面吧。
"""
MARKS = (3.0, 12.0)  # seconds at which a flash and a beep come together
SECONDS = 14
TRACKS = (
    "-map 0:v -map 1:a -map 0:a -map 2:s -map 3:s -c:v copy -c:a aac -c:s:0 srt -c:s:1 ass"
    " -disposition:a:0 comment -disposition:a:1 default"
)


def flashing(path: Path) -> Path:
    """A film of the talk."""
    picture, sound = lights(MARKS, SECONDS, "320x240"), beeps(MARKS, SECONDS)
    return make(path, *picture, *sound, *X264, "-g", "25", "-c:a", "aac")


def two_tracks(path: Path, film: Path, words: str = WORDS) -> Path:
    """`film` with its talk (Chinese) after a loud commentary (English), and subtitles inside.

    Streams: 0 picture, 1 commentary, 2 talk (default), 3 Chinese SRT, 4 English ASS.
    """
    srt = path.with_suffix(".inside.srt")
    srt.write_text(words, encoding="utf-8")
    tone = ("-f", "lavfi", "-i", f"aevalsrc='0.4*sin(2*PI*300*t)':s=48000:d={SECONDS}")
    inputs = ["-i", str(film), *tone, "-i", str(srt), "-i", str(srt)]
    maps = TRACKS.split()
    for stream, code in {"a:0": "eng", "a:1": "chi", "s:0": "chi", "s:1": "eng"}.items():
        maps += [f"-metadata:s:{stream}", f"language={code}"]
    maps += ["-metadata:s:a:0", "title=Commentary", "-metadata:s:s:1", "title=Signs"]
    return make(path, *inputs, *maps)
