"""Plain: `label.csv` of CH-SIMS (Yu et al. 2020), one row a clip.

The five-step regression labels per modality are not imported: our tasks have classes.
"""

from pathlib import Path

from corpus.formats import Table, layout

LAYOUT = layout.Layout(
    name="CH-SIMS",
    text="text",
    speaker="video_id",  # the published table names no speaker: one a video
    dialogue=lambda cells, split: cells["video_id"],
    uid=lambda cells, split: f"{cells['video_id']}_{cells['clip_id']}" if cells["clip_id"] else "",
    columns=("clip_id",),
    split="mode",
    tasks={
        "annotation": (
            "sentiment",
            {"Negative": "negative", "Neutral": "neutral", "Positive": "positive"},
        )
    },
)


def read(path: Path) -> Table:
    """The clips and labels of one label.csv. Raises FormatError if it is no such table."""
    return layout.read(path, LAYOUT)
