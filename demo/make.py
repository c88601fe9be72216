"""Makes the demo episodes: `python -m demo.make` (needs espeak-ng, a Chinese font, and Pillow).

Speech by espeak-ng, picture by Pillow: everybody in the dialogue is in the picture, the one who
speaks is large, coloured and moves the mouth, and the face shows the mood that the writer meant.
"""

import shutil
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from corpus.ffmpeg_binary import ffmpeg_path
from demo.dialogues import DIALOGUES, Line

RATE = 22_050
FPS = 10
WIDTH, HEIGHT = 640, 360
PAUSE, PARTING = 0.35, 5.0  # seconds between two lines, between two dialogues
FONTS = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
]
# voice of espeak-ng, pitch, words a minute, colour of the clothes, hair
CAST = {
    "小满": ("cmn+f2", 62, 165, "#c2556b", "long"),
    "大川": ("cmn+m3", 38, 155, "#3f6fb0", "short"),
    "阿宝": ("cmn+m1", 60, 170, "#d08a2e", "spiky"),
    "房东": ("cmn+f4", 42, 150, "#7a5aa6", "bun"),
    "老郑": ("cmn+m7", 26, 145, "#4c6b4f", "bald"),
    "小唐": ("cmn+f3", 70, 170, "#2a8c8c", "long"),
    "顾客": ("cmn+f5", 48, 160, "#8b5e3c", "short"),
}
# mood -> change of pitch, of speed, of loudness
MOODS = {
    "joy": (12, 10, 1.0),
    "sadness": (-12, -25, 0.75),
    "anger": (6, 20, 1.3),
    "fear": (15, 15, 0.85),
    "surprise": (20, 5, 1.1),
    "disgust": (-8, -12, 0.95),
    "neutral": (0, 0, 0.95),
}
SKIN, INK, PAPER = "#f3d2b3", "#26241f", "#f4f1ea"


@dataclass
class Spoken:
    """A line with its sound and the second of the episode at which it starts."""

    line: Line
    sound: np.ndarray
    start: float
    cast: list[str]

    @property
    def end(self) -> float:
        return self.start + len(self.sound) / RATE


def main() -> None:
    if not shutil.which("espeak-ng"):
        sys.exit("espeak-ng is missing: bash tools/debian.sh demo")
    target = Path(__file__).parent / "episodes"
    target.mkdir(exist_ok=True)
    for number, (series, parts) in enumerate(DIALOGUES.items(), 1):
        spoken = speak(parts)
        stem = target / f"episode{number}"
        stem.with_suffix(".srt").write_text(subtitles(spoken), encoding="utf-8")
        film(series, spoken, stem.with_suffix(".mp4"))
        size = stem.with_suffix(".mp4").stat().st_size / 1024
        print(f"{series}: {len(spoken)} lines, {spoken[-1].end:.0f} s, {size:.0f} KB")  # noqa: T201


def speak(parts: list[list[Line]]) -> list[Spoken]:
    spoken, clock = [], 1.0
    for lines in parts:
        cast = list(dict.fromkeys(line.speaker for line in lines))
        for line in lines:
            spoken.append(Spoken(line, synthesise(line), clock, cast))
            clock = spoken[-1].end + PAUSE
        clock += PARTING
    return spoken


def synthesise(line: Line) -> np.ndarray:
    """Samples of the line in its speaker's voice and mood, float in [-1, 1]."""
    voice, pitch, speed, *_ = CAST[line.speaker]
    higher, faster, louder = MOODS[line.meant["emotion"]]
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["espeak-ng", "-v", voice, "-p", str(max(0, min(99, pitch + higher)))]
        command += ["-s", str(speed + faster), "-w", file.name, line.text]
        subprocess.run(command, check=True, capture_output=True)
        with wave.open(file.name) as sound:
            samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    values = samples.astype(float) / 32768
    loud = np.flatnonzero(np.abs(values) > 0.01)
    values = values[loud[0] : loud[-1] + 1]
    level = louder * 0.11 / max(float(np.sqrt(np.mean(values**2))), 1e-6)
    return np.clip(values * level, -0.98, 0.98)


def subtitles(spoken: list[Spoken]) -> str:
    def clock(seconds: float) -> str:
        whole = round(seconds * 1000)
        return (
            f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:"
            f"{whole // 1000 % 60:02},{whole % 1000:03}"
        )

    return "\n".join(
        f"{number}\n{clock(s.start)} --> {clock(s.end)}\n{s.line.speaker}：{s.line.text}\n"
        for number, s in enumerate(spoken, 1)
    )


def film(series: str, spoken: list[Spoken], target: Path) -> None:
    seconds = spoken[-1].end + 1.0
    track = np.zeros(int(seconds * RATE))
    for s in spoken:
        first = int(s.start * RATE)
        track[first : first + len(s.sound)] = s.sound
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.wav"
        with wave.open(str(sound), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((track * 32767).astype(np.int16).tobytes())
        command = [ffmpeg_path(), "-y", "-loglevel", "error", "-f", "rawvideo"]
        command += ["-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"]
        command += ["-i", str(sound), "-c:v", "libx264", "-preset", "slow", "-crf", "27"]
        command += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "40k", "-ac", "1", "-shortest"]
        command += ["-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact"]
        encoder = subprocess.Popen([*command, str(target)], stdin=subprocess.PIPE)
        assert encoder.stdin is not None
        for index in range(int(seconds * FPS)):
            encoder.stdin.write(frame(series, spoken, index / FPS).tobytes())
        encoder.stdin.close()
        if encoder.wait():
            raise RuntimeError(f"ffmpeg ended with status {encoder.returncode}")


def frame(series: str, spoken: list[Spoken], now: float) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((16, 12), series, font=font(18), fill="#6b665c")
    draw.text((WIDTH - 16, 12), "合成演示 synthetic", font=font(14), fill="#8a8478", anchor="ra")
    current = next((s for s in spoken if s.start <= now < s.end + PAUSE), None)
    upcoming = next((s for s in spoken if s.start > now), spoken[-1])
    cast = (current or upcoming).cast
    for place, name in enumerate(cast):
        middle = WIDTH * (place + 0.5) / len(cast)
        speaking = current is not None and current.line.speaker == name
        mood = current.line.meant["emotion"] if current and speaking else "neutral"
        opening = loudness(current, now) if current and speaking else 0.0
        face(draw, middle, name, mood, opening, speaking, now)
    draw.rectangle([0, 312, WIDTH, HEIGHT], fill="#e4ded2")
    if current:
        draw.text((WIDTH / 2, 335), current.line.text, font=font(21), fill=INK, anchor="mm")
    return picture


def loudness(spoken: Spoken, now: float) -> float:
    first = int((now - spoken.start) * RATE)
    piece = spoken.sound[max(first, 0) : first + RATE // FPS]
    return min(1.0, float(np.sqrt(np.mean(piece**2))) * 5) if len(piece) else 0.0


def font(size: int) -> ImageFont.FreeTypeFont:
    path = next((path for path in FONTS if Path(path).exists()), None)
    if path is None:
        sys.exit("a Chinese font is missing: bash tools/debian.sh demo")
    return ImageFont.truetype(path, size)


def face(
    draw: ImageDraw.ImageDraw,
    x: float,
    name: str,
    mood: str,
    opening: float,
    speaking: bool,
    now: float,
) -> None:
    """One person: shoulders, head, hair, brows, eyes, mouth; those who listen are pale."""
    *_, clothes, hair = CAST[name]
    r = 62 if speaking else 46
    y = 165 + (2 * np.sin(now * 9) * opening if speaking else 12)
    skin = {"anger": "#eeb299", "fear": "#e9dcc9", "disgust": "#dfd6a8"}.get(mood, SKIN)
    ink = INK if speaking else "#8d877b"
    cloth = clothes if speaking else "#bdb6a9"
    draw.ellipse([x - r * 1.25, y + r * 0.85, x + r * 1.25, y + r * 2.9], fill=cloth)
    if hair == "long":
        draw.rounded_rectangle([x - r * 1.1, y - r, x + r * 1.1, y + r * 1.3], r * 0.7, fill=ink)
    draw.ellipse([x - r, y - r, x + r, y + r], fill=skin)
    _hair(draw, x, y, r, hair, ink)
    _features(draw, x, y, r, mood, opening, ink)
    draw.rounded_rectangle([x - 34, 274, x + 34, 300], 6, fill=cloth)
    draw.text((x, 287), name, font=font(17), fill="white", anchor="mm")


def _hair(draw: ImageDraw.ImageDraw, x: float, y: float, r: float, hair: str, ink: str) -> None:
    if hair == "bald":
        draw.arc([x - r, y - r * 0.9, x + r, y + r], 160, 190, fill=ink, width=5)
        draw.arc([x - r, y - r * 0.9, x + r, y + r], -10, 20, fill=ink, width=5)
        return
    draw.chord([x - r, y - r * 1.04, x + r, y + r * 0.9], 198, 342, fill=ink)
    if hair == "spiky":
        for step in range(-3, 4):
            left = x + step * r * 0.25
            top = y - r * 0.7
            draw.polygon([(left - 9, top), (left + 9, top), (left + 3, y - r * 1.3)], fill=ink)
    if hair == "bun":
        draw.ellipse([x - r * 0.35, y - r * 1.5, x + r * 0.35, y - r * 0.85], fill=ink)


def _features(
    draw: ImageDraw.ImageDraw, x: float, y: float, r: float, mood: str, opening: float, ink: str
) -> None:
    # brows: how far the inner end lies below the outer one
    tilt = {"anger": 0.17, "disgust": 0.1, "sadness": -0.17, "fear": -0.13}.get(mood, 0.0)
    lift = {"surprise": 0.16, "fear": 0.1, "joy": 0.04}.get(mood, 0.0)
    wide = {"surprise": 0.15, "fear": 0.14, "anger": 0.1}.get(mood, 0.11)
    for side in (-1, 1):
        eye = x + side * r * 0.38
        brow = y - r * (0.3 + lift)
        draw.line(
            [(eye + side * r * 0.2, brow - r * tilt), (eye - side * r * 0.18, brow + r * tilt)],
            fill=ink,
            width=4,
        )
        height = 0.05 if mood == "joy" else wide
        draw.ellipse([eye - r * 0.09, y - r * height, eye + r * 0.09, y + r * height], fill=ink)
    mouth, half, gape = y + r * 0.45, r * 0.34, r * 0.3 * opening
    if mood == "surprise":
        draw.ellipse([x - r * 0.17, mouth - r * 0.1, x + r * 0.17, mouth + r * 0.15 + gape],
                     fill="#7c2f2f")  # fmt: skip
    elif mood == "joy":
        draw.chord([x - half, mouth - r * 0.25, x + half, mouth + r * 0.12 + gape], 0, 180,
                   fill="#7c2f2f")  # fmt: skip
    elif gape > 3:
        draw.ellipse([x - half * 0.7, mouth - gape / 2, x + half * 0.7, mouth + gape / 2],
                     fill="#7c2f2f")  # fmt: skip
    elif mood in ("sadness", "anger", "fear"):
        draw.arc([x - half, mouth, x + half, mouth + r * 0.35], 190, 350, fill=ink, width=4)
    elif mood == "disgust":
        draw.line([(x - half, mouth + 6), (x, mouth - 3), (x + half, mouth + 8)], fill=ink, width=4)
    else:
        draw.line([(x - half * 0.8, mouth), (x + half * 0.8, mouth)], fill=ink, width=4)


if __name__ == "__main__":
    main()
