"""Plain: the JSON of EmotionLines (Hsu et al. 2018): dialogues as lists of utterances, with the
counts of five raters' votes whose names are not given.

`annotation` has one digit an emotion, in the order of EMOTIONS: "4100000" are four votes for
neutral and one for joy. Who gave which vote is not known: the votes of an utterance are given to as
many unnamed raters, each time anew, so that agreement of a pair of raters says nothing.
"""

from pathlib import Path
from typing import Any

from core.errors import gettext_noop
from corpus.formats import FormatError, Judged, Row, Table, read_json
from corpus.formats.layout import SPLITS
from corpus.formats.votes import of_unnamed
from corpus.problems import Problem

EMOTIONS = ("neutral", "joy", "sadness", "fear", "anger", "surprise", "disgust")
CONTESTED = ("non-neutral", "out-of-domain")  # what the set calls an utterance without a majority


def read(path: Path) -> Table:
    """The dialogues and votes of one file. Raises FormatError if it is no such JSON.

    The line of a Problem is the number of the utterance in the file, from 1.
    """
    split = next((ours for key, ours in SPLITS.items() if key in path.stem.lower()), "")
    table = Table(split=split, values={"emotion": EMOTIONS})
    try:
        dialogues = read_json(path, table.problems)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise _no_such_file(path, str(error)[:200]) from error
    if not looks_like_emotionlines(dialogues):
        raise _no_such_file(path, "no list of lists of utterances")
    number, name = 0, path.stem
    for place, turns in enumerate(dialogues, 1):
        dialogue = f"{name}_{place}"
        for turn_place, turn in enumerate(turns if isinstance(turns, list) else [], 1):
            number += 1
            _read_turn(table, number, dialogue, f"{dialogue}_{turn_place}", turn)
    return table


def looks_like_emotionlines(whole: Any) -> bool:
    """Whether this JSON is a list of dialogues whose utterances have votes."""
    first = whole[0] if isinstance(whole, list) and whole else None
    turn = first[0] if isinstance(first, list) and first else None
    return isinstance(turn, dict) and {"utterance", "annotation"} <= turn.keys()


def _no_such_file(path: Path, why: str) -> FormatError:
    return FormatError(
        gettext_noop(
            "%(file)s: not EmotionLines' JSON. Expected a list of dialogues, each a list of"
            " utterances with speaker, utterance and annotation (%(why)s)."
        ),
        file=path.name,
        why=why,
    )


def _read_turn(table: Table, number: int, dialogue: str, uid: str, turn: Any) -> None:
    def rejected(column: str, value: object, reason: str, **details: Any) -> None:
        shown = f"{uid}: {value}"[:2000]
        table.problems.append(Problem(number, column, shown, "rejected", reason, details))

    text = turn.get("utterance") if isinstance(turn, dict) else None
    if not isinstance(text, str) or not text.strip():
        rejected("utterance", text, gettext_noop("the entry has no words"))
        return
    votes = turn.get("annotation")
    judged: tuple[Judged, ...] = ()
    if isinstance(votes, str) and votes.isdecimal() and len(votes) == len(EMOTIONS):
        counts = {value: int(n) for value, n in zip(EMOTIONS, votes, strict=True)}
        judged = of_unnamed("emotion", counts)
    else:
        expected = gettext_noop("expected %(count)d digits, the votes for %(values)s")
        rejected("annotation", votes, expected, count=len(EMOTIONS), values=", ".join(EMOTIONS))
    emotion = turn.get("emotion")
    if not judged:
        table.unlabelled += 1
    rulings = {"emotion": emotion} if emotion in EMOTIONS and not judged else {}
    speaker = str(turn.get("speaker") or "")
    row = Row(number, dialogue, uid, speaker, text, None, None, {}, judged=judged, rulings=rulings)
    table.rows.append(row)
