from hypothesis import given
from hypothesis import strategies as st

from corpus.segmentation import dialogues, spans
from corpus.transcripts import Cue

CUES = [Cue(1, 2, "a"), Cue(2.5, 4, "b"), Cue(9, 10, "c")]


def test_a_long_silence_parts_dialogues():
    assert [[c.text for c in part] for part in dialogues(CUES, gap=4)] == [["a", "b"], ["c"]]
    assert len(dialogues(CUES, gap=6)) == 1


def test_a_long_line_that_overlaps_others_holds_its_dialogue_together():
    cues = [Cue(0, 20, "long"), Cue(1, 2, "short"), Cue(22, 23, "next")]
    assert len(dialogues(cues, gap=4)) == 1


def test_clips_keep_room_around_the_words_and_stay_inside():
    assert spans(dialogues(CUES, gap=4), duration=10.1) == [(0.7, 4.3), (8.7, 10.1)]


cue_lists = st.lists(st.tuples(st.floats(0, 500), st.floats(0.1, 20)), min_size=1, max_size=30).map(
    lambda rows: sorted((Cue(s, s + n, "x") for s, n in rows), key=lambda c: (c.start, c.end))
)


@given(cue_lists, st.floats(0.2, 10))
def test_every_cue_is_in_one_dialogue_and_clips_never_overlap(cues, gap):
    parts = dialogues(cues, gap)
    assert [cue for part in parts for cue in part] == cues
    found = spans(parts, duration=600)
    for (_, end), (start, _) in zip(found, found[1:]):
        assert end <= start + 1e-9
    for part, (start, end) in zip(parts, found, strict=True):
        assert start <= part[0].start and max(cue.end for cue in part) <= end
