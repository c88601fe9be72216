"""Whatever the reference libraries write, every cue of it is read: none lost, times as written."""

import csv
import io
import json
from datetime import timedelta

import openpyxl
import pympi
import pysubs2
import pytest
import srt
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from praatio import textgrid
from praatio.utilities.constants import Interval

from corpus.transcripts.reader import read

HEADER = ["start", "end", "text", "speaker"]
words = st.text("你好世界再见吗真的hello", min_size=1, max_size=12)
spans = st.tuples(st.integers(0, 900), st.integers(5, 900))  # gap and length, hundredths


@st.composite
def talks(draw):
    """Cues in order, (start, end, text, speaker): seconds on a grid of 10 ms, none overlapping."""
    now, cues = 0, []
    for gap, length in draw(st.lists(spans, min_size=1, max_size=12)):
        start, now = now + gap, now + gap + length
        speaker = draw(st.sampled_from(["张三", "李四"]))
        cues.append((start / 100, now / 100, draw(words), speaker))
    return cues


def as_srt(cues, path):
    rows = [
        srt.Subtitle(n, timedelta(seconds=s), timedelta(seconds=e), f"{who}：{text}")
        for n, (s, e, text, who) in enumerate(cues, 1)
    ]
    path.write_text(srt.compose(rows), "utf-8")


def as_ass(cues, path):
    events = pysubs2.SSAFile()
    for start, end, text, who in cues:
        times = round(start * 1000), round(end * 1000)
        events.append(pysubs2.SSAEvent(*times, text=text, name=who))
    path.write_text(events.to_string("ass"), "utf-8")


def as_vtt(cues, path):
    def clock(seconds):
        return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}:{seconds % 60:06.3f}"

    whole = webvtt.WebVTT()
    for start, end, text, who in cues:
        whole.captions.append(webvtt.Caption(clock(start), clock(end), f"<v {who}>{text}</v>"))
    path.write_text(whole.content, "utf-8")


def as_eaf(cues, path):
    elan = pympi.Elan.Eaf()
    elan.remove_tier("default")
    for who in dict.fromkeys(cue[3] for cue in cues):
        elan.add_tier(who)
    for start, end, text, who in cues:
        elan.add_annotation(who, round(start * 1000), round(end * 1000), text)
    path.unlink(missing_ok=True)
    elan.to_file(str(path))


def as_textgrid(cues, path):
    grid = textgrid.Textgrid()
    for who in dict.fromkeys(cue[3] for cue in cues):
        own = [Interval(s, e, text) for s, e, text, speaker in cues if speaker == who]
        grid.addTier(textgrid.IntervalTier(who, own, 0, cues[-1][1] + 1))
    grid.save(str(path), "long_textgrid", includeBlankSpaces=True)


def as_csv(cues, path, delimiter=","):
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter).writerows([HEADER, *cues])
    path.write_text(target.getvalue(), "utf-8")


def as_tsv(cues, path):
    as_csv(cues, path, "\t")


def as_jsonl(cues, path):
    path.write_text("\n".join(json.dumps(dict(zip(HEADER, cue))) for cue in cues), "utf-8")


def as_xlsx(cues, path):
    book = openpyxl.Workbook()
    for row in [HEADER, *cues]:
        book.active.append(list(row))
    book.save(path)


WRITERS = {
    ".srt": as_srt, ".ass": as_ass, ".vtt": as_vtt, ".eaf": as_eaf, ".TextGrid": as_textgrid,
    ".csv": as_csv, ".tsv": as_tsv, ".jsonl": as_jsonl, ".xlsx": as_xlsx,
}  # fmt: skip


@pytest.mark.parametrize("suffix", WRITERS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(talks())
def test_every_cue_that_was_written_is_read(suffix, tmp_path, cues):
    path = tmp_path / f"talk{suffix}"
    WRITERS[suffix](cues, path)
    found = read(path.name, path.read_bytes(), encoding="" if suffix == ".xlsx" else "utf-8").cues
    assert [(cue.text, cue.speaker) for cue in found] == [(t, who) for _s, _e, t, who in cues]
    for cue, (start, end, _text, _who) in zip(found, cues, strict=True):
        assert (cue.start, cue.end) == pytest.approx((start, end), abs=1e-3)
    assert [cue.start for cue in found] == sorted(cue.start for cue in found)
