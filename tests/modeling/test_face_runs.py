"""Runs that read faces: parts, what the page says and shows and to whom, what is refused."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from core.errors import UserError
from corpus import visibility
from jobs.models import JobStatus
from modeling.learner.features import face_detector
from modeling.models import TrainingRun
from tests.factories import make_judged_round, make_member, make_person, make_release
from tests.modeling.face_factories import two_people, write_film

READS = {"vision_region": "largest face", "modalities": ["vision"], "epochs": 1, "width": 16}


@pytest.fixture
def judged(corpus):
    return make_judged_round(corpus, dialogues=5)


@pytest.mark.one_database
@pytest.mark.usefixtures("learner_here")
@pytest.mark.django_db(transaction=True)
def test_a_run_shows_what_it_cut_out_to_those_who_may_see_it(
    corpus, lead, judged, tmp_path, client_of, monkeypatch
):
    pytest.importorskip("cv2", reason="OpenCV is not installed: requirements-faces.lock")
    film = write_film(tmp_path / "film.mp4", 4, two_people(4, bool), bool).read_bytes()
    for number, dialogue in enumerate(corpus.dialogues.all()):
        dialogue.clip.save(f"{number}.mp4", ContentFile(film))
    release = make_release(corpus, [judged], media="dialogues")
    run = TrainingRun.request(lead, release, "hard-small", own=READS)
    [part] = {(p.modality, p.encoder_name, *p.encoder) for p in release.feature_parts.all()}
    assert part == ("vision", "largest face", "vision_region")
    run.refresh_from_db()  # the last part has woken it (eager)
    assert run.status == JobStatus.DONE, run.failure_text
    faces = run.results["faces"]
    assert faces["found"] == faces["of"] > 0 and faces["detector"].endswith(".xml")
    address, image = reverse("run", args=[run.pk]), reverse("run_faces", args=[run.pk])
    page = client_of(lead).get(address).content.decode()
    assert "Read: the largest face. A face was found in 100 %" in page and image in page
    assert (
        "part of the picture"
        in client_of(lead).get(f"{address}?tab=configuration").content.decode()
    )
    answer = client_of(lead).get(image)
    assert answer["Content-Type"] == "image/jpeg" and answer.content.startswith(b"\xff\xd8")
    for person in (make_member(corpus), make_person("stranger")):
        assert client_of(person).get(image).status_code == 404
    with monkeypatch.context() as patch:  # of somebody who judges without the picture for now
        hidden = {visibility.PICTURE: corpus.dialogues.all()}
        patch.setattr(visibility, "withheld_by", [lambda person, modalities: hidden])
        assert client_of(lead).get(image).status_code == 403
        assert image not in client_of(lead).get(address).content.decode()
    (run.directory / "faces.jpg").unlink()
    assert client_of(lead).get(image).status_code == 404
    assert image not in client_of(lead).get(address).content.decode()


def test_faces_that_cannot_be_found_are_refused_in_the_form(
    corpus, lead, judged, client_of, settings, monkeypatch
):
    release = make_release(corpus, [judged], media="none")
    form = {"release": release.pk, "recipes": ["hard-small"], "seeds": 1, "on_failure": "fail",
            "vision_region": "speaking face"}  # fmt: skip
    new = reverse("new_run", args=[corpus.pk])
    settings.FACE_DETECTOR = "/nowhere/yunet.onnx"
    page = client_of(lead).post(new, form)
    assert "/nowhere/yunet.onnx is not there" in str(page.context["fine"].errors["vision_region"])
    settings.FACE_DETECTOR = ""
    monkeypatch.setattr(face_detector, "find_spec", lambda name: None)
    page = client_of(lead).post(new, form)
    assert "requirements-faces.lock" in str(page.context["fine"].errors["vision_region"])
    assert not TrainingRun.objects.exists()
    with pytest.raises(UserError, match="holds no films"):
        TrainingRun.request(lead, release, "hard-small", own={"vision_region": "largest face"})
    unused = client_of(lead).post(new, {**form, "recipes": ["hard-text"]})
    assert unused.context["fine"].errors["vision_region"]
