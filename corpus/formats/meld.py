"""Plain: the tables of MELD (Poria et al. 2019), one row an utterance."""

from pathlib import Path

from corpus.formats import Table, layout
from corpus.formats.layout import same

EMOTIONS = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
LAYOUT = layout.Layout(
    name="MELD",
    text="Utterance",
    speaker="Speaker",
    dialogue=lambda cells, split: f"{split or 'meld'}_dia{cells['Dialogue_ID']}",
    uid=lambda cells, split: (
        f"{split or 'meld'}_dia{cells['Dialogue_ID']}_utt{cells['Utterance_ID']}"
    ),
    columns=("Dialogue_ID", "Utterance_ID"),
    start="StartTime",
    end="EndTime",
    from_episode=True,
    encodings=("utf-8", "cp1252"),  # some copies went through Windows programs
    tasks={
        "Emotion": ("emotion", same(*EMOTIONS)),
        "Sentiment": (
            "sentiment",
            same("negative", "neutral", "positive"),
        ),
    },
)


def read(path: Path) -> Table:
    """The utterances and labels of one MELD file. Raises FormatError if it is no such table."""
    return layout.read(path, LAYOUT)
