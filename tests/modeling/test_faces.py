"""Which face is read of a film, how it is cut out, what is reported, and what is refused."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from modeling.learner.features import face_detector as detectors
from modeling.learner.features.extraction import Extractors, extract, feature_sources
from modeling.learner.features.face_crops import FaceCrops, cut, has_face, mouth_movement, place_at
from modeling.learner.features.face_detector import Face, check_detector, face_detector
from modeling.learner.features.face_tracks import (
    RATE,
    Tracker,
    largest,
    loudness,
    place_of,
    speaking,
)
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.recipe_checks import check_encoders
from modeling.learner.recipes import Recipe, RecipeError
from tests.modeling.encoder_factories import make_encoder
from tests.modeling.face_factories import BIG, HEIGHT, SMALL, WIDTH, two_people, write_film
from tests.modeling.factories import dialogue

SECONDS = 5


def faces_of(tracker, *steps):
    for step, faces in steps:
        tracker.see(step, faces, [0.0] * len(faces))


class Fixed:
    """A detector that says the same of every picture, and counts them."""

    digest, name = "0" * 12, "fixed"

    def __init__(self, *faces):
        self.all, self.asked = list(faces), 0

    def faces(self, picture):
        self.asked += 1
        return self.all


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A film in which the smaller of two people speaks, on and off."""
    pytest.importorskip("cv2", reason="OpenCV is not installed: requirements-faces.lock")

    def speaks(second):
        return int(second * 2) % 2 == 0

    path = tmp_path_factory.mktemp("faces") / "talk.mp4"
    return write_film(path, SECONDS, two_people(SECONDS, speaks), speaks)


def spoken(clip, *spans):
    talk = dialogue("a", len(spans), clip=clip)
    return replace(talk, utterances=tuple(
        replace(u, start=start, end=end)
        for u, (start, end) in zip(talk.utterances, spans, strict=True)
    ))  # fmt: skip


def test_a_face_is_the_same_over_a_gap_and_another_after_a_cut():
    tracker = Tracker()
    here, there = Face(10, 10, 40, 40), Face(200, 20, 60, 60)
    faces_of(tracker, *((n, [here]) for n in range(4)))
    faces_of(tracker, *((n, [replace(here, x=14)]) for n in range(6, 9)))  # not seen twice
    faces_of(tracker, *((n, [there]) for n in range(9, 15)), (20, [Face(100, 90, 9, 9)]))
    first, second = tracker.ended(30)  # what is seen once is taken for a mistake
    assert (first.steps[0], first.steps[-1], len(first.places())) == (0, 8, 9)
    assert second.steps[0] == 9 and np.allclose(second.places()[0][:2], [230, 50])
    assert np.all(np.diff(first.places()[:, 0]) >= 0)  # smooth from one place to the other
    assert [t and t.steps[0] for t in largest([first, second], 16)] == [0] * 9 + [9] * 6 + [None]


def test_the_face_that_moves_its_mouth_with_the_sound_is_read():
    tracker = Tracker()
    big, small = Face(0, 0, 90, 90), Face(200, 0, 50, 50)
    count = 8 * RATE
    sound = np.array([float(n // 4 % 2) for n in range(count)])
    for n in range(count):
        chewing = 0.05 if sound[n] == 0 and n < count // 2 else 0.0
        tracker.see(n, [big, small], [chewing, 0.1 * sound[n]])
    tracks = tracker.ended(count)
    assert {t.faces[0] for t in speaking(tracks, sound, count)} == {small}
    assert {t.faces[0] for t in speaking(tracks, np.zeros(count), count)} == {big}  # no sound
    assert speaking([], sound, 3) == [None] * 3
    levels = loudness(np.r_[np.zeros(16_000), np.ones(16_000)].astype(np.float32), 16_000, 10)
    assert levels[:5].max() == 0 and levels[5:].min() > 0.9


def test_a_crop_is_upright_by_the_eyes_and_stays_within_any_picture():
    pytest.importorskip("cv2", reason="OpenCV is not installed: requirements-faces.lock")
    eyes = ((40.0, 50.0), (60.0, 70.0))
    x, y, side, angle = place_of(Face(30, 30, 50, 60, eyes=eyes))
    assert angle == pytest.approx(np.pi / 4) and side == pytest.approx(60 * 1.6)
    assert place_of(Face(30, 30, 50, 60))[3] == 0
    picture = np.zeros((100, 100, 3), np.uint8)
    for ex, ey in eyes:
        picture[int(ey) - 3 : int(ey) + 4, int(ex) - 3 : int(ex) + 4] = 255
    cropped = cut(picture, np.array([x / 100, y / 100, side / 100, angle], np.float32), 96)
    rows = np.nonzero(cropped[..., 0] > 128)[0]
    assert np.ptp(rows) < 14  # both at one height
    assert cut(picture, np.array([3, -2, 5, 0], np.float32), 20).shape == (20, 20, 3)
    assert cut(picture, None, 20).shape == (20, 20, 3)
    still, moved = np.zeros((60, 60, 3), np.uint8), np.zeros((60, 60, 3), np.uint8)
    moved[40:60] = 255
    assert mouth_movement(Face(0, 0, 60, 60), still, moved) == 1
    assert mouth_movement(Face(0, 0, 60, 60), moved * 0 + 255, moved * 0) == 0  # all of it moves
    assert mouth_movement(Face(-9, 59, 5, 5), still, moved) == 0


def test_faces_of_a_film_are_found_chosen_and_kept_by_content(talk, tmp_path):
    for region, (left, top, side) in (("largest face", BIG), ("speaking face", SMALL)):
        recipe = Recipe(modalities=("vision",), vision_region=region)
        extractors = Extractors.of(recipe)
        said = spoken(talk, (0.5, 2.0), (2.0, 3.8), (4.6, 5.0))
        features, failures = extract(said, tmp_path / "cache", extractors)
        assert not failures and all(len(each["vision"]) for each in features)
        place = place_at(extractors.faces.found[talk], 2.5)
        middle = [(left + side / 2) / WIDTH, (top + side / 2) / HEIGHT]
        assert np.allclose(place[:2], middle, atol=0.08), region
        assert not has_face(extractors.faces.found[talk], 4.6, 5.0)
        share = extractors.faces.share([said])
        assert (share["of"], share["found"], share["region"]) == (3, 2, region)
        assert extractors.clips["vision"].key.endswith(extractors.faces.key)
        sources = feature_sources(recipe, [said], extractors)
        assert sources["vision"]["region"] == region
        sheet = extractors.faces.sheet([said])
        assert sheet.startswith(b"\xff\xd8") and len(sheet) < 100_000
    again = FaceCrops("speaking face", Fixed())
    assert again.key.startswith("speaking-face-1-")
    again.find(talk, "d" * 64, tmp_path / "other")
    asked = again.detector.asked
    assert 4 * RATE <= asked <= 6 * RATE
    [kept] = (tmp_path / "other").rglob("*.npy")
    FaceCrops("speaking face", again.detector).find(talk, "d" * 64, tmp_path / "other")
    assert again.detector.asked == asked  # read, not looked for again
    kept.write_bytes(b"damaged")
    FaceCrops("speaking face", again.detector).find(talk, "d" * 64, tmp_path / "other")
    assert again.detector.asked == 2 * asked


def test_an_encoder_sees_the_crop_and_the_whole_picture_where_no_face_is(talk, tmp_path):
    make_encoder("vit", tmp_path / "vit")
    common = {"modalities": ("vision",), "vision_encoder": str(tmp_path / "vit")}
    whole = Extractors.of(Recipe(**common))
    faces = Extractors.of(Recipe(**common, vision_region="largest face"))
    said = spoken(talk, (0.0, 3.5), (4.5, 5.0))
    seen = [extract(said, tmp_path / "cache", each)[0] for each in (whole, faces)]
    assert not np.allclose(seen[0][0]["vision"], seen[1][0]["vision"])
    assert seen[0][1]["vision"].shape == seen[1][1]["vision"].shape
    assert faces.keys["vision"].startswith(whole.keys["vision"])


def test_a_broken_clip_fails_as_it_does_without_faces(tmp_path):
    pytest.importorskip("cv2", reason="OpenCV is not installed: requirements-faces.lock")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    extractors = Extractors.of(Recipe(modalities=("vision",), vision_region="largest face"))
    said = spoken(broken, (0.0, 1.0))
    features, [failure] = extract(said, tmp_path / "cache", extractors)
    assert not len(features[0]["vision"]) and "cannot be decoded" in failure.reason
    assert extractors.faces.share([said])["of"] == 0 and extractors.faces.sheet([said]) == b""


def test_what_finds_no_faces_is_refused_before_any_work(tmp_path, monkeypatch):
    odd = tmp_path / "odd.onnx"
    odd.write_bytes(b"something")
    missing = str(tmp_path / "none.onnx")
    film = [dialogue("a", 2, clip=tmp_path / "film.mp4")]
    monkeypatch.setattr(detectors, "find_spec", lambda name: None)
    with pytest.raises(RecipeError, match="requirements-faces.lock"):
        check_encoders(Recipe(vision_region="speaking face"), film)
    monkeypatch.setattr(detectors, "find_spec", lambda name: sys)
    monkeypatch.setattr(detectors, "_has_cascades", lambda: False)
    with pytest.raises(FeatureError, match="no cascade"):
        check_detector()
    for model, said in ((missing, "is not there"), (str(odd), "no face model that is known")):
        with pytest.raises(FeatureError, match=said):
            check_detector(model)
    with pytest.raises(RecipeError, match="holds no films"):
        check_encoders(Recipe(vision_region="largest face"), [dialogue("a", 2)])
    with pytest.raises(RecipeError, match="vision_region must be one of frame"):
        Recipe(vision_region="nose")
    assert {"vision_region", "face_detector"} <= Recipe(modalities=("text",)).unused
    assert "face_detector" in Recipe().unused
    assert json.dumps(Recipe().to_json())


def test_the_kind_of_a_model_is_recognised_by_its_outputs(tmp_path):
    pytest.importorskip("cv2", reason="OpenCV is not installed: requirements-faces.lock")
    kinds = {"yunet": b"cls_8 kps_32", "centerface": b"537 538 539 540"}
    for name, content in kinds.items():
        (tmp_path / name).write_bytes(content)
    found = [face_detector(str(tmp_path / name)) for name in kinds]
    assert [type(each) for each in found] == [
        detectors.YuNetDetector, detectors.CenterFaceDetector,
    ]  # fmt: skip
    assert found[0].digest != found[1].digest

    class Network:
        """Answers as the networks of the files do."""

        def setInputSize(self, size):  # noqa: N802  # as OpenCV has it
            self.size = size

        def detect(self, picture):
            row = [10, 20, 30, 40, 38, 30, 14, 31, 25, 38, 32, 50, 18, 51, 0.9]
            return 1, np.array([row], np.float32)

        def setInput(self, blob):  # noqa: N802  # as OpenCV has it
            assert blob.shape == (1, 3, 64, 96)

        def forward(self, names):
            heat, sizes = np.zeros((1, 1, 16, 24)), np.zeros((1, 2, 16, 24))
            offsets, points = np.zeros((1, 2, 16, 24)), np.zeros((1, 10, 16, 24))
            heat[0, 0, 8, 12] = 0.9
            sizes[0, :, 8, 12] = np.log([10, 8])  # 40 high, 32 wide
            offsets[0, :, 8, 12] = [0.5, 0.5]
            points[0, :4, 8, 12] = [0.3, 0.75, 0.3, 0.25]  # the right eye first
            return heat, sizes, offsets, points

    picture = np.zeros((64, 96, 3), np.uint8)
    for each in found:
        each.__dict__["_network"] = Network()
    [seen] = found[0].faces(picture)
    assert (seen.x, seen.height, seen.eyes) == (10, 40, ((14, 31), (38, 30)))
    [seen] = found[1].faces(picture)
    assert (seen.x, seen.y, seen.width, seen.height) == pytest.approx((36, 16, 32, 40))
    assert seen.eyes[0] == pytest.approx((44, 28)) and seen.eyes[1] == pytest.approx((60, 28))
