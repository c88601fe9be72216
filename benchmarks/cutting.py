"""CPU seconds an hour of cut picture: our one pass beside the plain ways of ffmpeg, interleaved.

    .venv/bin/python -m benchmarks.cutting [FILM] [--repeats 3] [--ours]

All write the same spans with the same encoder settings. Ours also writes poster, 16 kHz FLAC and
peaks, for which the plain way starts two more processes a clip. Without FILM a 720p test film of
60 s is made. The last lines count how often first and last frame are right, on a made film whose
frames are numbered by their brightness. `--ours` leaves out the plain ways: the first two show what
it costs that workers cut in a confined process.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import av

from corpus import media
from corpus.clip_writer import cut
from corpus.media_process import MediaProcess

LENGTH, STEP = 6.3, 7.1  # seconds of a clip, and from one to the next
CARD = 64


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("film", type=Path, nargs="?")
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--ours", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": folder}
        film = chosen.film or made(work / "film.mp4", "testsrc2=s=1280x720:r=25:d=60")
        speed(film, work, chosen.repeats, chosen.ours)
        if not chosen.ours:
            exactness(work)


def made(path: Path, picture: str, *more: str) -> Path:
    command = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=duration=60", "-shortest"]
    ffmpeg(*command, *more, "-pix_fmt", "yuv420p", str(path))
    return path


def ffmpeg(*arguments: str) -> None:
    quiet = [media.ffmpeg_path(), "-nostdin", "-y", "-loglevel", "error"]
    subprocess.run([*quiet, *arguments], check=True)


def spans_of(film: Path) -> list[tuple[float, float]]:
    count = int((media.probe(film).duration - LENGTH - 1) / STEP)
    return [(1.013 + n * STEP, 1.013 + n * STEP + LENGTH) for n in range(count)]


def plain(film: Path, spans: list[tuple[float, float]], target: Path, whole: bool) -> None:
    """One ffmpeg process a clip; with `whole` also its poster and its sound."""
    for n, (start, end) in enumerate(spans):
        clip = target / f"{n:03d}.mp4"
        ffmpeg(
            *("-ss", f"{start:.3f}", "-t", f"{end - start:.3f}", "-i", str(film)),
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p"),
            *("-force_key_frames", "expr:gte(t,n_forced*0.5)", "-c:a", "aac", "-b:a", "96k"),
            *("-movflags", "+faststart", str(clip)),
        )
        if whole:
            ffmpeg("-i", str(clip), "-frames:v", "1", str(clip.with_suffix(".jpg")))
            ffmpeg(
                "-i", str(clip), "-vn", "-ac", "1", "-ar", "16000", str(clip.with_suffix(".flac"))
            )


def segments(film: Path, spans: list[tuple[float, float]], target: Path) -> None:
    """One ffmpeg process for all, parted by its segment muxer at forced key frames."""
    times = ",".join(f"{time:.3f}" for span in spans for time in span)
    ffmpeg(
        *("-i", str(film), "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
        *("-pix_fmt", "yuv420p", "-g", "12", "-force_key_frames", times, "-c:a", "aac"),
        *("-b:a", "96k", "-f", "segment", "-segment_times", times, "-reset_timestamps", "1"),
        str(target / "%03d.mp4"),
    )


def ours(film: Path, spans: list[tuple[float, float]], target: Path) -> None:
    cut(film, media.probe(film), spans, lambda n: target / f"{n:03d}", lambda n: None)


def confined(film: Path, spans: list[tuple[float, float]], target: Path) -> None:
    """As workers cut."""
    targets = [target / f"{n:03d}" for n in range(len(spans))]
    with MediaProcess(film, folder=target) as media:
        media.cut(film, media.probe(film), spans, targets)


def cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def speed(film: Path, work: Path, repeats: int, only_ours: bool) -> None:
    spans = spans_of(film)
    hours = sum(end - start for start, end in spans) / 3600
    ways = {
        "one pass, with poster, sound, peaks": lambda to: ours(film, spans, to),
        "the same in a confined process": lambda to: confined(film, spans, to),
        "a process a clip, clip alone": lambda to: plain(film, spans, to, whole=False),
        "a process a clip, with poster, sound": lambda to: plain(film, spans, to, whole=True),
        "segment muxer, clips alone": lambda to: segments(film, spans, to),
    }
    if only_ours:
        ways = dict(list(ways.items())[:2])
    # the muxer cannot leave out what lies between the clips: per hour of what it encodes
    whole = media.probe(film).duration / 3600
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            target = work / "clips"
            target.mkdir()
            before = cpu()
            way(target)
            encoded = whole if name.startswith("segment") else hours
            found[name].append((cpu() - before) / encoded)
            shutil.rmtree(target)
    base = statistics.median(found["one pass, with poster, sound, peaks"])
    print(f"{len(spans)} clips of {LENGTH} s, median of {repeats} interleaved repeats")
    for name, values in found.items():
        middle = statistics.median(values)
        print(f"  {name:<40} {middle:6.0f} CPU s an hour, {middle / base:.2f} times ours")


def exactness(work: Path) -> None:
    film = made(
        work / "numbered.mkv",
        f"color=black:s={CARD}x{CARD}:r=25:d=60",
        *("-vf", "geq=lum='16+mod(N,50)*4':cb=128:cr=128", "-c:v", "libx264", "-qp", "0"),
    )
    spans = spans_of(film)
    for name, way in (
        ("one pass", lambda to: ours(film, spans, to)),
        ("a process a clip", lambda to: plain(film, spans, to, whole=False)),
    ):
        target = work / "exact"
        target.mkdir()
        way(target)
        first = last = 0
        for n, (start, end) in enumerate(spans):
            numbers = numbers_of(target / f"{n:03d}.mp4")
            shown = int(start * 25 + 1e-6)  # at `start`; the next one begins after it
            first += numbers[0] in (shown % 50, (shown + 1) % 50)
            last += numbers[-1] == (-int(-(end * 25 - 1e-6) // 1) - 1) % 50
        shutil.rmtree(target)
        print(f"  {name:<40} first frame right in {first}, last in {last} of {len(spans)}")


def numbers_of(clip: Path) -> list[int]:
    with av.open(str(clip)) as container:
        levels = [float(f.to_ndarray()[:CARD, :CARD].mean()) for f in container.decode(video=0)]
    return [round((level - 16) / 4) for level in levels]


if __name__ == "__main__":
    main()
