"""Plain: what a clip is: its version, and how large its files may become."""

from collections.abc import Sequence

from corpus.media_info import MAX_HEIGHT, Probe

VERSION = 2  # of what a clip is: whole clips that another version left are cut again
SOUND_BITS = 110_000 + 300_000  # bits a second of AAC, and of FLAC at its worst
CLIP_BYTES = 1_400_000  # of a poster, peaks, headers, and what a buffer may hold


def estimated_bytes(probed: Probe, spans: Sequence[tuple[float, float]]) -> int:
    """Bytes that the files of `spans` take at most."""
    seconds = sum(end - start for start, end in spans)
    rate = (picture_bits(probed.width, probed.height) if probed.has_video else 0) + SOUND_BITS
    return int(seconds * rate / 8 * 1.05) + len(spans) * CLIP_BYTES


def picture_bits(width: int, height: int) -> int:
    """Bits a second that the picture of a clip may have: 3 million at 720p."""
    shrink = min(1.0, MAX_HEIGHT / height)
    return max(int(3_000_000 * width * height * shrink**2 / (1280 * 720)), 600_000)
