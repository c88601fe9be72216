"""Plain: who speaks, proposed by clustering vectors of voices. Nothing is fetched.

Loads torch, so only workers and commands call it, never the web process.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import gettext_noop
from corpus.media_info import RATE
from corpus.recognisers import SpeechError

SHORTEST = 0.5  # seconds; what is shorter has too little voice for a vector
LONGEST = 10.0  # seconds that are listened to of one
MOST = 4000  # vectors that are clustered; others go to the nearest cluster
SIMILARITY = 0.86  # cosine of two vectors of one speaker, as of microsoft/wavlm-base-plus-sv

Vectors = NDArray[np.float32]  # (n, dims)


class SpeakerEncoder:
    """A network with an x-vector head in the directory of transformers' layout (WavLM, wav2vec 2.0,
    UniSpeech-SAT for speaker verification). Raises SpeechError where there is none.
    """

    def __init__(self, directory: str) -> None:
        # heavy, and the web process never imports it
        from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

        try:
            if not Path(directory).is_dir():
                raise OSError("no such directory")
            options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            self.extractor = AutoFeatureExtractor.from_pretrained(directory, **options)
            self.network, report = AutoModelForAudioXVector.from_pretrained(
                directory, weights_only=True, output_loading_info=True, **options
            )
            missing = [n for n in report["missing_keys"] if n != "objective.weight"]
            if missing:  # of a network without the head, which would be drawn at random
                raise ValueError(f"it has no x-vector head: {len(missing)} weights are missing")
        except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
            raise SpeechError(
                gettext_noop("The speaker encoder in %(directory)s cannot be used: %(why)s"),
                directory=directory,
                why=str(error)[:300],
            ) from error
        self.network.eval()

    def vector(self, wave: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """(dims,) of length 1; None where there is too little to hear."""
        import torch  # heavy, and the web process never imports it

        if len(wave) < SHORTEST * RATE:
            return None
        inputs = self.extractor(
            wave[: int(LONGEST * RATE)], sampling_rate=RATE, return_tensors="pt"
        )
        with torch.inference_mode():
            vector = self.network(**inputs).embeddings[0].float()
        return np.asarray(torch.nn.functional.normalize(vector, dim=0).numpy())


def cluster(vectors: Sequence[NDArray[np.float32] | None], similarity: float) -> list[int | None]:
    """Of each vector (dims,) of length 1 the number of its speaker, from 1 in the order in which
    they begin; None where there is no vector.

    Agglomerative, by average linkage of cosine distances, until two clusters are less alike than
    `similarity`.
    """
    known = [n for n, vector in enumerate(vectors) if vector is not None]
    if not known:
        return [None] * len(vectors)
    rows = np.stack([vector for vector in vectors if vector is not None])
    labels = _labels(rows[:MOST], 1 - similarity)
    if len(rows) > MOST:
        means = np.stack([rows[:MOST][labels == k].mean(axis=0) for k in range(labels.max() + 1)])
        labels = np.concatenate([labels, (rows[MOST:] @ means.T).argmax(axis=1)])
    order: dict[int, int] = {}
    found: list[int | None] = [None] * len(vectors)
    for place, label in zip(known, labels.tolist(), strict=True):
        found[place] = order.setdefault(label, len(order) + 1)
    return found


def _labels(rows: Vectors, distance: float) -> NDArray[np.int64]:
    if len(rows) == 1:
        return np.zeros(1, np.int64)
    # takes a second to import, which only who listens needs
    from sklearn.cluster import AgglomerativeClustering

    clusters = AgglomerativeClustering(
        n_clusters=None, distance_threshold=distance, metric="cosine", linkage="average"
    )
    return np.asarray(clusters.fit_predict(rows), np.int64)
