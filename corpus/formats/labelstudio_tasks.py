"""Plain: what Label Studio's JSON says of one task, its annotations and predictions
(labelstud.io/guide/export), as our exports write it and our importer reads it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

NAMES = (
    *("text", "translation", "dialogue", "speaker", "start", "end", "split", "source"),
    "media",
)

TASK: dict[str, Any] = {  # JSON Schema
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "data": {"type": "object"},
        "annotations": {"type": "array", "items": {"type": "object"}},
        "predictions": {"type": "array", "items": {"type": "object"}},
    },
    "example": {
        "id": 1,
        "data": {"text": "真巧啊，又是你。", "dialogue": "episode1_003", "speaker": "小唐"},
        "annotations": [
            {
                "completed_by": 3,
                "result": [
                    {
                        "from_name": "emotion",
                        "to_name": "text",
                        "type": "choices",
                        "value": {"choices": ["joy"]},
                    }
                ],
            }
        ],
    },
}
TASKS: dict[str, Any] = {"type": "array", "items": TASK}


def task(
    number: int,
    utterance: dict[str, Any],
    annotations: list[dict[str, Any]],
    predictions: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A task about an utterance, which has an `id` and some of NAMES."""
    data = {"utterance_id": utterance["id"]} | {name: utterance.get(name) for name in NAMES}
    found: dict[str, Any] = {"id": number, "data": data, "annotations": annotations}
    return found | ({"predictions": predictions} if predictions is not None else {})


def annotation(
    number: int, name: str, round_name: str, answers: Iterable[tuple[str, str]], seconds: float
) -> dict[str, Any]:
    """What one annotator, by number and name, answered in one round: (task, value) each, in so many
    seconds. Label Studio passes over the name and the round; our importer does not.
    """
    return {
        "completed_by": number,
        "annotator": name,
        "round": round_name,
        "was_cancelled": False,
        "lead_time": round(seconds, 3),
        "result": [_choice(name, value) for name, value in answers],
    }


def prediction(origin: str, answers: Iterable[tuple[str, str, float]]) -> dict[str, Any]:
    """What one machine answered: (task, value, probability) each. Label Studio shows one score for
    all; ours stands beside each answer.
    """
    rows = list(answers)
    return {
        "model_version": origin,
        "score": min((probability for *_answer, probability in rows), default=None),
        "result": [_choice(name, value) | {"score": score} for name, value, score in rows],
    }


def _choice(name: str, value: str) -> dict[str, Any]:
    about = {"from_name": name, "to_name": "text", "type": "choices"}
    return about | {"value": {"choices": [value]}}


def written(tasks: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A JSON list of tasks, one a line, in blocks as they come."""
    yield b"["
    for place, each in enumerate(tasks):
        yield (b",\n" if place else b"\n") + json.dumps(each, ensure_ascii=False).encode()
    yield b"\n]\n"
