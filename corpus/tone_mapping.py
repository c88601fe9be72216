"""Plain: HDR pictures (PQ and HLG, BT.2020) to what every browser shows (BT.709), as a 3D table.

Signals become light by SMPTE ST 2084 or ITU-R BT.2100 (HLG), 203 cd/m² is white (ITU-R BT.2408),
brighter light is bent by Hable's curve, colours go from BT.2020 to BT.709.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PQ, HLG = 16, 18  # as ISO/IEC 23091-2 numbers transfer characteristics
SIZE = 33  # points along each axis of the table
WHITE = 203.0  # cd/m² of diffuse white
PEAK = 1000.0  # cd/m² that still differ from brighter ones
TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)

Light = NDArray[np.float64]


def pq_light(signal: Light) -> Light:
    """cd/m² of a PQ signal in 0 to 1 (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    powered = signal ** (1 / m2)
    return 10_000.0 * (np.maximum(powered - c1, 0) / (c2 - c3 * powered)) ** (1 / m1)


def hlg_light(signal: Light) -> Light:
    """cd/m² of an HLG signal (..., 3) in 0 to 1 on a display of 1000 cd/m² (ITU-R BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return PEAK * scene * np.maximum(luminance, 1e-6)[..., None] ** 0.2


def bent(light: Light) -> Light:
    """Light (1 is white) into 0 to 1, PEAK at 1: Hable's filmic curve (2010)."""

    def curve(x: Light) -> Light:
        return (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06) - 0.02 / 0.30

    return curve(light * 2) / curve(np.array(PEAK / WHITE * 2))


def table(transfer: int) -> Light:
    """BT.709 signals in 0 to 1 for the signals of a transfer, (SIZE, SIZE, SIZE, 3) by b, g, r."""
    axis = np.linspace(0, 1, SIZE)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    signal = np.stack([red, green, blue], axis=-1)
    light = pq_light(signal) if transfer == PQ else hlg_light(signal)
    narrow = np.clip(light @ TO_709.T, 0, PEAK) / WHITE
    return np.clip(bent(narrow), 0, 1) ** (1 / 2.4)


def cube(transfer: int, folder: Path) -> Path:
    """The table as a .cube file that ffmpeg's lut3d reads, made once a folder."""
    path = folder / f"hdr-{transfer}.cube"
    if path.exists():
        return path
    rows = table(transfer).reshape(-1, 3)
    lines = [f"LUT_3D_SIZE {SIZE}", *(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path
