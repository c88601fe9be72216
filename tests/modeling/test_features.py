"""Features of sound, picture and text: the defaults, encoders from directories, and what fails."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from modeling.learner.features.audio import LOW, RATE, LogMel, prosody
from modeling.learner.features.encoder_directory import EncoderDirectory
from modeling.learner.features.extraction import Extractors, extract, extract_all
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.recipes import Recipe
from modeling.learner.release import load_release
from tests.modeling.factories import dialogue, learn, run, write_release


def test_prosody_hears_pitch_voice_and_loudness():
    time = torch.arange(RATE) / RATE
    for hertz in (90.0, 150.0, 310.0):
        voice = sum(torch.sin(2 * torch.pi * hertz * k * time) / k for k in (1, 2, 3))
        result = prosody(voice)[2:-2]
        heard = LOW * 2 ** result[:, 0].median().item()
        assert abs(12 * np.log2(heard / hertz)) < 0.5  # half a semitone
        assert result[:, 1].median() > 0.9
        louder = result[:, 2] - prosody(voice / 10)[2:-2, 2]
        assert louder.median().item() == pytest.approx(2 * np.log(10), abs=0.1)
    noise = prosody(torch.randn(RATE, generator=torch.Generator().manual_seed(0)))
    assert (noise[:, 0] == 0).float().mean() > 0.9  # nothing is voiced
    assert (prosody(torch.zeros(RATE))[:, :2] == 0).all()


def test_text_goes_through_an_encoder_whatever_stands_beside_it(text_encoder, tmp_path):
    extractors = Extractors.of(Recipe(modalities=("text",), text_encoder=str(text_encoder)))
    assert extractors.keys == {"text": f"text-{EncoderDirectory(text_encoder).digest}"}
    encoder = extractors.text
    together = encoder.encode(["好", "", "好坏人好坏人"])
    assert [each.shape for each in together] == [(3, 16), (0, 16), (8, 16)]
    assert np.allclose(together[0], encoder.encode(["好"])[0], atol=1e-5)
    talk = dialogue("a", 3)
    first, _ = extract(talk, tmp_path, extractors)
    encoder.encode = lambda texts: 1 / 0
    again, _ = extract(talk, tmp_path, extractors)
    assert all((a["text"] == b["text"]).all() for a, b in zip(first, again, strict=True))


def test_sound_and_picture_go_through_encoders(speech_encoder, vision_encoder, film, tmp_path):
    recipe = Recipe(audio_encoder=str(speech_encoder), vision_encoder=str(vision_encoder))
    found, failures = extract(dialogue("a", 3, clip=film), tmp_path, Extractors.of(recipe))
    assert failures == []
    assert [f["audio"].shape for f in found] == [(10, 16)] * 3
    assert [f["vision"].shape for f in found] == [(2, 16)] * 3
    assert np.isfinite(found[0]["vision"]).all() and found[0]["audio"].std() > 0


def test_long_sound_is_heard_in_pieces(speech_encoder, film):
    encoder = Extractors.of(Recipe(audio_encoder=str(speech_encoder))).clips["audio"]
    whole = encoder.of_clip(film)
    short = Extractors.of(Recipe(audio_encoder=str(speech_encoder), audio_seconds=2.0))
    pieces = short.clips["audio"].of_clip(film)
    assert len(whole) == len(pieces) == pytest.approx(100, abs=1)


def test_a_directory_without_an_encoder_is_named(tmp_path, text_encoder):
    with pytest.raises(FeatureError, match="model.safetensors"):
        Extractors.of(Recipe(text_encoder=str(tmp_path)))
    with pytest.raises(FeatureError, match="reads text .bert., not audio"):
        Extractors.of(Recipe(audio_encoder=str(text_encoder)))


def test_a_whole_run_with_encoders_and_another_one_later(text_encoder, tmp_path):
    talks = [dialogue(f"D{n}", 3, s) for n, s in enumerate(["train"] * 6 + ["valid", "test"])]
    release = write_release(tmp_path / "release", talks)
    recipe, out = tmp_path / "r.json", tmp_path / "out"
    result = {"modalities": ["text"], "text_encoder": str(text_encoder), "epochs": 30,
            "patience": 30, "width": 16}  # fmt: skip
    recipe.write_text(json.dumps(result))
    done = learn(release, out, "--recipe", recipe, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tasks"]["sentiment"]["accuracy"] == 1.0
    prepared = json.loads((out / "prepared.json").read_text())
    assert prepared["extractors"] == {"text": f"text-{EncoderDirectory(text_encoder).digest}"}
    config = json.loads((text_encoder / "config.json").read_text())
    (text_encoder / "config.json").write_text(json.dumps(config | {"changed": True}))
    refused = run("evaluate", release, "--out", out)
    assert refused.returncode == 2 and "was trained on features of" in refused.stderr


def test_what_fails_is_reported_clip_by_clip_and_policy_decides(film, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    talks = [
        dialogue("a", 3, clip=film),
        replace(dialogue("b", 3, clip=broken), clip_sha256="e" * 64),
        dialogue("c", 2),
    ]
    extractors, seen = Extractors.of(Recipe()), []
    found, failures = extract_all(
        talks, tmp_path, extractors, lambda done, total: seen.append(done), "missing"
    )
    assert [(f.clip, f.modality) for f in failures] == [
        ("broken.mp4", "audio"), ("broken.mp4", "vision"),
    ]  # fmt: skip
    assert [len(each["audio"]) for each in found["b"]] == [0, 0, 0]
    assert len(found["a"][0]["audio"]) == 20 and seen == [1, 2, 3]
    with pytest.raises(FeatureError, match="2 of the clips.*broken.mp4.*on_failure"):
        extract_all(talks, tmp_path, extractors, lambda done, total: None)


def test_parts_measure_everything_once(film, tmp_path):
    """`features --part` spreads a release over workers; a second look finds all of it done."""
    import hashlib

    talks = [dialogue(f"D{n}", 2, "train") for n in range(3)]
    root = write_release(tmp_path / "release", talks)
    (root / "media").mkdir()
    rows = [json.loads(line) for line in (root / "utterances.jsonl").read_text().splitlines()]
    files = []
    for number in range(3):
        clip = root / "media" / f"{number}.mp4"
        clip.write_bytes(film.read_bytes() if number < 2 else b"broken")
        digest = hashlib.sha256(clip.read_bytes()).hexdigest()
        files.append({"path": f"media/{number}.mp4", "sha256": digest})
    for row in rows:
        row["media"] = f"media/{row['dialogue'][1:]}.mp4"
    (root / "utterances.jsonl").write_text("\n".join(map(json.dumps, rows)))
    manifest = {"corpus": "c", "version": "1", "files": files}
    (root / "manifest.json").write_text(json.dumps(manifest))
    cache = tmp_path / "cache"
    result = []
    for part in ("1/2", "2/2"):
        more = ("--cache", cache, "--part", part, "--on-failure", "missing", "--json")
        done = run("features", root, *more)
        assert done.returncode == 0, done.stderr
        result.append(json.loads(done.stdout.splitlines()[-1]))
    assert [t["dialogues"] for t in result] == [2, 1]
    assert [f["clip"] for f in result[0]["failures"]] == ["2.mp4", "2.mp4"]
    kept = sorted(path.name for path in (cache / LogMel.key).iterdir())
    assert kept == [f"{files[0]['sha256']}.npy"]  # the same clip twice is measured once
    failed = run("features", root, "--cache", cache)
    assert failed.returncode == 2 and "2.mp4" in failed.stderr
    out = tmp_path / "out"
    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({"epochs": 1, "width": 16, "on_failure": "missing"}))
    done = learn(root, out, "--recipe", recipe, "--json", "--cache", cache)
    assert done.returncode == 0, done.stderr
    missing = json.loads(done.stdout)["missing"]
    assert missing["of"] == len([u for d in load_release(root).dialogues for u in d.utterances])
    assert missing["modalities"] == {"text": 0, "audio": 2, "vision": 2}
    assert {f["clip"] for f in missing["failures"]} == {"2.mp4"}
