"""Plain: the subtitles inside a media file, as a file of their own on the common clock."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from core.errors import gettext_noop
from corpus.media_info import MediaError, Track
from corpus.stream_reader import Packets

MARKUP = re.compile(r"</?(?!/?[biu]>)[^<>]*>")  # tags of WebVTT that SubRip does not have


def extract_subtitles(path: Path, track: Track) -> tuple[str, bytes]:
    """(suffix, bytes) of a text subtitle stream: ".ass" stays ASS, all others become ".srt".

    Times are those of the common clock. Raises MediaError if the stream holds images or nothing.
    """
    if not track.text:
        raise MediaError(
            gettext_noop(
                "The subtitles of stream %(index)d (%(codec)s) are images, not text. Recognise"
                " them with an OCR tool and upload the SRT file."
            ),
            index=track.index,
            codec=track.codec,
        )
    try:
        packets = Packets(path, track.index)
        try:
            codec = packets.stream.codec_context
            events = list(_events(packets))
            if track.codec in ("ass", "ssa"):
                suffix, text = ".ass", _ass(codec.extradata or b"", events)
            else:
                suffix, text = ".srt", _srt(track.codec, codec, events)
        finally:
            packets.close()
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            gettext_noop("The subtitles of stream %(index)d cannot be read: %(why)s"),
            index=track.index,
            why=str(error)[:200],
        ) from error
    if not text:
        raise MediaError(
            gettext_noop("The subtitles of stream %(index)d are empty."), index=track.index
        )
    return suffix, text.encode()


def _events(packets: Packets) -> Iterator[tuple[float, float, Any]]:
    """(start, end, packet) of each subtitle; one without a length lasts until the next."""
    before: tuple[float, float, Any] | None = None
    for packet in packets:
        if packet.pts is None:
            continue
        start = float(packet.pts * packet.time_base)
        length = float((packet.duration or 0) * packet.time_base)
        if before is not None:
            yield before if before[1] > before[0] else (before[0], start, before[2])
        before = (start, start + length, packet)
    if before is not None:
        yield before if before[1] > before[0] else (before[0], before[0] + 2.0, before[2])


def _srt(name: str, codec: Any, events: list[tuple[float, float, Any]]) -> str:
    blocks: list[str] = []
    for start, end, packet in events:
        text = _words(name, codec, packet)
        if text:
            times = f"{_clock(start)} --> {_clock(end)}"
            blocks.append(f"{len(blocks) + 1}\n{times}\n{text}\n")
    return "\n".join(blocks)


def _words(name: str, codec: Any, packet: Any) -> str:
    data = bytes(packet)
    if name == "mov_text":  # two bytes of length, then UTF-8, then styles (3GPP TS 26.245)
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    text = data.decode("utf-8", errors="replace")
    if name == "webvtt":
        text = html.unescape(MARKUP.sub("", text))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n\0 ").split("\n")
    return "\n".join(line for line in lines if line.strip())  # an empty one would end the entry


def _clock(seconds: float) -> str:
    milliseconds = max(round(seconds * 1000), 0)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"


def _ass(header: bytes, events: list[tuple[float, float, Any]]) -> str:
    """The script: its header as it stands in the file, and an event a line.

    In a container an event is ReadOrder, Layer, Style and so on, without its times, which are the
    packet's; a line of a script has Layer, Start, End, Style and so on.
    """
    if not events:
        return ""
    lines = []
    for start, end, packet in events:
        order, layer, rest = bytes(packet).decode("utf-8", errors="replace").split(",", 2)
        rest = rest.strip("\r\n\0").replace("\r\n", r"\N").replace("\n", r"\N")
        lines.append(
            (int(order), f"Dialogue: {layer},{_ass_clock(start)},{_ass_clock(end)},{rest}")
        )
    head = header.decode("utf-8", errors="replace").strip("\0").rstrip()
    if "[Events]" not in head:
        columns = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
        head += f"\n\n[Events]\nFormat: {columns}"
    return "\n".join([head, *(line for _order, line in sorted(lines)), ""])


def _ass_clock(seconds: float) -> str:
    hundredths = max(round(seconds * 100), 0)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
