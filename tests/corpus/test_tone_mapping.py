"""HDR: light by the standards' own numbers, and a clip that looks right."""

import av
import numpy as np
import pytest

from corpus.tone_mapping import HLG, PQ, bent, hlg_light, pq_light, table
from tests.corpus.test_clip_writer import cut_all, make


def test_light_is_what_the_standards_say():
    # ITU-R BT.2408, table 1: diffuse white of 203 cd/m² is 58 % PQ and 75 % HLG
    assert pq_light(np.array(0.58)) == pytest.approx(203, rel=0.02)
    assert pq_light(np.array([0.0, 1.0])) == pytest.approx([0, 10_000], abs=1e-6)
    assert hlg_light(np.full(3, 0.75)) == pytest.approx([203] * 3, rel=0.02)
    assert hlg_light(np.ones(3)) == pytest.approx([1000] * 3, rel=0.01)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brighter_stays_brighter_and_grey_stays_grey(transfer):
    grey = np.array([table(transfer)[n, n, n] for n in range(33)])
    assert np.ptp(grey, axis=1).max() < 0.01
    assert (np.diff(grey[:, 0]) >= -1e-9).all() and grey[0, 0] < 0.01 and grey[-1, 0] > 0.95


def test_an_hdr_film_becomes_what_browsers_show(tmp_path):
    hdr = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    level = round(64 + 0.58 * 876)  # 203 cd/m² in ten bits of limited range
    source = make(
        tmp_path / "hdr.mkv",
        *("-f", "lavfi", "-i", "color=black:s=320x180:r=25:d=2,format=yuv420p10le"),
        *("-vf", f"geq=lum={level}:cb=512:cr=512,setparams=color_trc=smpte2084"),
        *("-c:v", "libx264", *hdr),
    )
    cut_all(source, [(0.0, 1.0)], tmp_path / "clips")
    with av.open(str(tmp_path / "clips/000.mp4")) as container:
        frame = next(container.decode(video=0))
    expected = 16 + 219 * float(bent(np.array(1.0))) ** (1 / 2.4)
    assert frame.format.name == "yuv420p"
    assert frame.to_ndarray()[:180].mean() == pytest.approx(expected, abs=4)
