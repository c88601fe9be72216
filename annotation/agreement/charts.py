"""Plain: small lines in rows of tables, and figures as SVG files of their own, for papers."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from annotation.agreement.coefficients import RELIABLE, TENTATIVE

MARKS = (TENTATIVE, RELIABLE)
WIDE, HIGH = 96, 20  # a line over time
FONT = "font-family='system-ui, sans-serif' font-size='12'"
INK, SOFT, ACCENT = "#1d1d1b", "#8c8b88", "#0f6660"


def sparkline(points: Sequence[tuple[int, float]]) -> str:
    """The points of a small line over time; "" for fewer than two."""
    if len(points) < 2:
        return ""
    first, last = points[0][0], points[-1][0]
    step = (WIDE - 4) / (last - first)
    return " ".join(
        f"{2 + (number - first) * step:.1f},{HIGH - 2 - (HIGH - 4) * min(max(value, 0.0), 1.0):.1f}"
        for number, value in points
    )


def dots(title: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """A figure: a row a task, its coefficient as a dot with its interval from 0 to 1."""
    left, width, step = 190, 360, 26
    height = 40 + step * len(rows) + 24

    def x(value: float) -> float:
        return round(left + width * min(max(value, 0.0), 1.0), 1)

    bottom = 40 + step * len(rows)
    parts = [
        f"<text x='8' y='20' fill='{INK}' font-weight='600'>{escape(title)}</text>",
        f"<line x1='{left}' x2='{left + width}' y1='{bottom}' y2='{bottom}' stroke='{SOFT}'/>",
    ]
    for mark in (0.0, *MARKS, 1.0):
        parts.append(
            f"<line x1='{x(mark)}' x2='{x(mark)}' y1='34' y2='{bottom}' stroke='{SOFT}'"
            " stroke-dasharray='2 4'/>"
            f"<text x='{x(mark)}' y='{bottom + 16}' fill='{SOFT}' text-anchor='middle'>"
            f"{mark:g}</text>"
        )
    for number, (name, found) in enumerate(rows):
        y = 40 + step * number + step / 2
        parts.append(f"<text x='8' y='{y + 4}' fill='{INK}'>{escape(name)}</text>")
        if found["value"] is None:
            parts.append(f"<text x='{left + 4}' y='{y + 4}' fill='{SOFT}'>–</text>")
            continue
        if found.get("low") is not None:
            ends = f"x1='{x(found['low'])}' x2='{x(found['high'])}'"
            parts.append(f"<line {ends} y1='{y}' y2='{y}' stroke='{ACCENT}' stroke-width='2'/>")
        parts.append(f"<circle cx='{x(found['value'])}' cy='{y}' r='4' fill='{ACCENT}'/>")
        parts.append(
            f"<text x='{left + width + 8}' y='{y + 4}' fill='{INK}'>{found['value']:.2f}</text>"
        )
    return _figure(left + width + 56, height, title, parts)


def heat(title: str, names: Sequence[str], cells: Sequence[Sequence[float | None]]) -> str:
    """A figure: a matrix of pairs, darker where two agree more, with the value in each cell."""
    left, size = 130, 46
    width, height = left + size * len(names) + 16, 60 + size * len(names) + 16
    parts = [f"<text x='8' y='20' fill='{INK}' font-weight='600'>{escape(title)}</text>"]
    for i, name in enumerate(names):
        middle = 60 + size * i + size / 2
        parts.append(f"<text x='8' y='{middle + 4}' fill='{INK}'>{escape(name[:16])}</text>")
        across = left + size * i + size / 2
        parts.append(
            f"<text x='{across}' y='52' fill='{INK}' text-anchor='middle'>{escape(name[:6])}</text>"
        )
        for j, value in enumerate(cells[i]):
            if value is None:
                continue
            shade = min(max(value, 0.0), 1.0)
            corner = f"x='{left + size * j + 1}' y='{60 + size * i + 1}'"
            ink = "#ffffff" if shade > 0.55 else INK
            parts.append(
                f"<rect {corner} width='{size - 2}' height='{size - 2}' fill='{ACCENT}'"
                f" fill-opacity='{0.08 + 0.92 * shade:.2f}'/>"
                f"<text x='{left + size * j + size / 2}' y='{middle + 4}' fill='{ink}'"
                f" text-anchor='middle'>{value:.2f}</text>"
            )
    return _figure(width, height, title, parts)


def _figure(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:g} {height:g}'"
        f" width='{width:g}' height='{height:g}' role='img' {FONT}>"
        f"<title>{escape(title)}</title><rect width='100%' height='100%' fill='#ffffff'/>"
        + "".join(parts)
        + "</svg>\n"
    )
