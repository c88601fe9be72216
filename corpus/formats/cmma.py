"""Plain: the tables of CMMA (Zhang et al. 2023), GB18030 CSV, one row an utterance.

The set was published twice, with other columns and values; a file's header says which version it
is. Dialogues of the two have other numbers.
"""

from dataclasses import replace
from pathlib import Path

from corpus.formats import Table, layout
from corpus.formats.layout import same

EMOTIONS = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
ENCODINGS = ("utf-8", "gb18030")
STRENGTHS = ("-2", "-1", "0", "1", "2")
BINARY = {"none": "no", "no": "no", "yes": "yes", "0": "no", "1": "yes"}  # as files have it


LAYOUT = layout.Layout(
    name="CMMA",
    text="Utterance",
    speaker="Speaker",
    dialogue=lambda cells, split: cells["ConversationID"],
    uid=lambda cells, split: cells["UtteranceID"],
    columns=("ConversationID", "UtteranceID"),
    start="StartTime",
    end="EndTime",
    tasks={
        "Emotion": ("emotion", same(*EMOTIONS)),
        "Sentiment": ("sentiment", same("negative", "neutral", "positive")),
        "Sarcasm": ("sarcasm", {**BINARY, "sarcastic": "yes"}),
        "Humor": ("humor", {**BINARY, "humor": "yes"}),
        "Relevancy(Emo→Sen)": ("emotion_sentiment", same(*STRENGTHS)),
        "Relevancy(Sar→Hum)": ("sarcasm_humor", same(*STRENGTHS)),
        "Pride": ("pride", {**BINARY, "pride": "yes"}),
        "Love": ("love", same("none", "growing", "immediate", "empty")),
    },
    repairs={("Love", "emptylove"): "empty", ("Emotion", "digust"): "disgust"},
    aliases={"CoversationID": "ConversationID"},
    strict_uid=True,
    encodings=ENCODINGS,
)


FIRST = replace(
    LAYOUT,
    name="CMMA (first version)",
    text="TextContent",
    dialogue=lambda cells, split: cells["DialogueID"],
    columns=("DialogueID", "UtteranceID"),
    tasks={
        **LAYOUT.tasks,
        "Love": ("love", {**same("none", "growing", "immediate", "empty"), "no": "none"}),
    },
    repairs={
        **LAYOUT.repairs,
        ("Love", "lovewillcomeintime"): "growing",
        ("Love", "loveatfirstsight"): "immediate",
    },
    aliases={"ConversationID": "DialogueID", "Utterance": "TextContent"},
    strict_uid=False,
)


def read(path: Path) -> Table:
    """The utterances and labels of one CMMA file. Raises FormatError if it is no such table."""
    first = layout.has_column(path, ("DialogueID", "TextContent"), ENCODINGS)
    return layout.read(path, FIRST if first else LAYOUT)
