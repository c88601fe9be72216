import pytest

from corpus.import_check import check_import, fit_cues, loss_problems
from corpus.media_info import Loss, Probe
from corpus.problems import Problem
from corpus.segmentation import dialogues
from corpus.transcripts import Cue, TranscriptError
from corpus.transcripts.reader import Transcript


def cues(*spans):
    return [Cue(start, end, f"第{n}句", line=4 * n - 3) for n, (start, end) in enumerate(spans, 1)]


EARLY = [(n, n + 0.9) for n in range(10)]


def test_cues_inside_the_media_stay_as_they_are():
    inside = cues(*EARLY, (18.0, 20.0))
    assert fit_cues(inside, 20.0) == (inside, [])


def test_a_cue_that_ends_after_the_media_ends_with_them():
    kept, problems = fit_cues(cues(*EARLY, (18.0, 21.5)), 20.0)
    assert (kept[-1].start, kept[-1].end) == (18.0, 20.0) and len(kept) == 11
    assert [(p.line, p.outcome, p.value) for p in problems] == [(41, "repaired", "第11句")]
    assert problems[0].reason % problems[0].details == (
        "It ends at 21.50 s, but the media end at 20.00 s: it ends there now."
    )


@pytest.mark.parametrize("start", [20.0, 20.5, 19.99])
def test_a_cue_that_begins_when_the_media_have_ended_is_left_out(start):
    kept, problems = fit_cues(cues(*EARLY, (start, 22.0)), 20.0)
    assert len(kept) == 10
    assert [(p.line, p.outcome) for p in problems] == [(41, "rejected")]


@pytest.mark.parametrize(("late", "refused"), [(1, False), (2, False), (3, True), (10, True)])
def test_another_episodes_transcript_is_refused(late, refused):
    """More than a tenth of the cues, and more than two, begin after the end."""
    all_of_them = cues(*EARLY[: 10 - late], *[(30.0 + n, 30.9 + n) for n in range(late)])
    if refused:
        with pytest.raises(TranscriptError, match=f"{late} of 10 cues begin after the end"):
            fit_cues(all_of_them, 20.0)
    else:
        assert len(fit_cues(all_of_them, 20.0)[0]) == 10 - late


def test_of_few_cues_half_are_another_episodes():
    assert len(fit_cues(cues((1.0, 2.0), (3.0, 4.0), (30.0, 31.0)), 20.0)[0]) == 2
    with pytest.raises(TranscriptError, match="1 of 2 cues begin after the end"):
        fit_cues(cues((1.0, 2.0), (30.0, 31.0)), 20.0)


def test_a_cue_that_lasts_no_time_is_no_utterance():
    kept, problems = fit_cues(cues((1.0, 2.0), (3.0, 3.0), (5.0, 4.0)), 20.0)
    assert len(kept) == 1 and [p.line for p in problems] == [5, 9]


def test_a_check_says_what_would_be_stored():
    said = [Cue(1.0, 2.0, "来", "张三"), Cue(2.0, 3.0, "好", "李四"), Cue(18.0, 25.0, "走", "张三")]
    known = Problem(0, "", "??", "warning", "It is doubtful.")
    reading = Transcript(said, "utf-8", problems=[known])
    found = check_import(
        Probe(20.0, 320, 240, 25.0, True), reading, [], lambda cues: dialogues(cues, 4.0)
    )
    assert [[cue.text for cue in part] for part in found.parts] == [["来", "好"], ["走"]]
    assert found.spans == [(0.7, 3.3), (17.7, 20.0)]
    assert found.speakers == [("张三", 2), ("李四", 1)]
    assert found.problems[0] == known and [p.outcome for p in found.problems] == [
        "warning",
        "repaired",
    ]
    assert found.needed > 0


def test_without_a_transcript_what_was_heard_is_parted():
    heard = [Cue(1.0, 2.0, "", machine=True)]
    found = check_import(Probe(20.0, 0, 0, 0.0, True), None, heard, lambda cues: [cues])
    assert found.cues == heard and found.problems == [] and found.speakers == []


def test_losses_are_reported_with_their_times_and_neighbours_as_one():
    result = loss_problems(
        [
            Loss(10.0, 0.02, 1),
            Loss(10.02, 0.02, 1),
            Loss(3.0, 4.0, 1, "missing"),
            Loss(3.5, 0.04, 0),
        ],
        video=0,
    )
    assert [p.reason % p.details for p in result] == [
        "The media hold no sound for 4.00 s from 3.00 s on: they are silent.",
        "0.04 s of the picture from 3.50 s on are damaged: the last frame stands.",
        "0.04 s of the sound from 10.00 s on are damaged: they are silent.",
    ]
    assert {p.outcome for p in result} == {"warning"} and {p.line for p in result} == {0}


def test_of_very_many_losses_the_rest_is_counted():
    result = loss_problems([Loss(float(n), 0.02, 1) for n in range(500)], video=0)
    assert len(result) == 201 and result[-1].details == {"count": 300}


def test_a_jump_of_the_clock_is_reported_at_its_place():
    joined = [
        Loss(20.0, -19.9, 0, "jump"),
        Loss(40.0, 3600.0, 0, "jump"),
        Loss(41.0, 5.0, 1, "jump"),
    ]
    result = loss_problems(joined, video=0)
    assert [(p.details["time"], p.details["seconds"]) for p in result] == [
        (20.0, -19.9),
        (40.0, 3600.0),
        (41.0, 5.0),
    ]
    assert (
        "The clock of the media jumps by -19.90 s at 20.00 s"
        in result[0].reason % result[0].details
    )
