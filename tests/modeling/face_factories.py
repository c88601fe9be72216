"""Films with drawn faces that a detector takes for faces."""

from fractions import Fraction

import av
import numpy as np

RATE, WIDTH, HEIGHT, SOUND = 10, 320, 192, 16_000
BIG, SMALL = (10, 16, 150), (196, 50, 100)  # left, top and side of a drawing


def draw_face(side, mouth=0.0):
    """A head (side, side, 3) in RGB; `mouth` from 0 to 1 is how far it is open."""
    import cv2  # tests of faces are skipped where it is not installed

    picture = np.full((side, side, 3), (185, 190, 190), np.uint8)
    unit = side / 200

    def at(x, y):
        return int(x * unit), int(y * unit)

    def oval(centre, axes, colour, ends=(0, 360), width=-1):
        cv2.ellipse(picture, at(*centre), at(*axes), 0, *ends, colour, width, cv2.LINE_AA)

    oval((100, 90), (66, 82), (40, 40, 45))
    cv2.rectangle(picture, at(78, 160), at(122, 200), (200, 160, 140), -1)
    oval((100, 105), (56, 72), (225, 185, 165))
    oval((100, 60), (50, 26), (40, 40, 45), (180, 360))
    for x in (77, 123):
        oval((x, 92), (17, 12), (170, 135, 120))
        oval((x, 93), (11, 6), (245, 245, 245))
        oval((x, 93), (5, 5), (30, 30, 40))
        cv2.line(picture, at(x - 15, 78), at(x + 15, 78), (35, 35, 40), max(1, int(5 * unit)))
    cv2.line(picture, at(100, 95), at(95, 122), (185, 150, 135), max(1, int(3 * unit)))
    oval((100, 125), (12, 6), (160, 120, 110), (0, 180), max(1, int(3 * unit)))
    oval((100, 148), (22, 4 + 14 * mouth), (130, 60, 70))
    return cv2.GaussianBlur(picture, (0, 0), max(0.5, 1.2 * unit))


def write_film(path, seconds, paint, loud):
    """A film of pictures `paint(second)` (HEIGHT, WIDTH, 3), with a tone where `loud(second)`."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"crf": "18", "bf": "0"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=SOUND, layout="mono")
        for n in range(int(seconds * RATE)):
            frame = av.VideoFrame.from_ndarray(paint(n / RATE), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        times = np.arange(int(seconds * SOUND)) / SOUND
        gates = np.array([bool(loud(t)) for t in np.arange(0, seconds, 0.1)])
        gate = gates[np.minimum((times * 10).astype(int), len(gates) - 1)]
        tone = (0.5 * np.sin(2 * np.pi * 220 * times) * gate).astype(np.float32)
        for first in range(0, len(tone), 1024):
            sound = av.AudioFrame.from_ndarray(tone[None, first : first + 1024], "fltp", "mono")
            sound.sample_rate, sound.pts, sound.time_base = SOUND, first, Fraction(1, SOUND)
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    return path


def two_people(seconds, speaks):
    """A large face that is still, and a small one whose mouth moves where `speaks(second)`; nobody
    in the last second.
    """
    still = draw_face(BIG[2])
    open_, shut = draw_face(SMALL[2], 1.0), draw_face(SMALL[2], 0.0)

    def paint(second):
        picture = np.full((HEIGHT, WIDTH, 3), 150, np.uint8)
        if second >= seconds - 1:
            return picture
        moved = open_ if speaks(second) and round(second * RATE) % 2 else shut
        for (x, y, side), drawn in ((BIG, still), (SMALL, moved)):
            picture[y : y + side, x : x + side] = drawn
        return picture

    return paint
