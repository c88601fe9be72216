"""Plain: the tables of CPED (Chen et al. 2022), one row an utterance, with speakers' traits."""

from pathlib import Path

from corpus.formats import Table, layout
from corpus.formats.layout import same

EMOTIONS = (
    *("happy", "grateful", "relaxed", "positive-other", "neutral", "anger", "sadness"),
    *("fear", "depress", "disgust", "astonished", "worried", "negative-other"),
)
ACTS = (
    *("greeting", "question", "answer", "statement-opinion", "statement-non-opinion", "apology"),
    *("command", "agreement", "disagreement", "acknowledge", "appreciation", "interjection"),
    *("conventional-closing", "thanking", "quotation", "reject", "irony", "comfort", "other"),
)
LAYOUT = layout.Layout(
    name="CPED",
    text="Utterance",
    speaker="Speaker",
    dialogue=lambda cells, split: cells["Dialogue_ID"],
    uid=lambda cells, split: cells["Utterance_ID"],
    columns=("Dialogue_ID", "Utterance_ID"),
    tasks={
        "Sentiment": (
            "sentiment",
            same("negative", "neutral", "positive"),
        ),
        "Emotion": ("emotion", same(*EMOTIONS)),
        "DA": ("dialogue_act", same(*ACTS)),
    },
    traits={
        "Gender": "gender",
        "Age": "age",
        "Neuroticism": "neuroticism",
        "Extraversion": "extraversion",
        "Openness": "openness",
        "Agreeableness": "agreeableness",
        "Conscientiousness": "conscientiousness",
    },
)


def read(path: Path) -> Table:
    """The utterances and labels of one CPED file. Raises FormatError if it is no such table."""
    return layout.read(path, LAYOUT)
