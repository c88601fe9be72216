"""Plain: a series of numbers as the points of an SVG polyline."""

from collections.abc import Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 40.0, 590.0, 12.0, 180.0


@dataclass(frozen=True)
class Curve:
    """Points in the drawing, and the range of values that its axis spans."""

    points: str
    low: float
    high: float
    last: float


def curve(values: Sequence[float], steps: int, low: float, high: float) -> Curve | None:
    """`values` at steps 1, 2, … of `steps` on an axis from `low` to `high`; None for no value."""
    if not values:
        return None
    span = (high - low) or 1.0
    across = (RIGHT - LEFT) / max(steps - 1, 1)
    places = [
        (LEFT + across * i, BOTTOM - (BOTTOM - TOP) * (value - low) / span)
        for i, value in enumerate(values)
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return Curve(points, low, high, values[-1])
