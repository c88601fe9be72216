"""Published files that nobody would publish: imported whole or refused with a sentence."""

import hashlib
import json
import random

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from annotation.models import Judgement
from corpus.models import Corpus, Utterance
from corpus.turns import LONGEST_TEXT
from tests.config.stored_text import check_stored
from tests.factories import make_judged_round, make_release

pytestmark = pytest.mark.django_db
LONG = "x" * 200_000  # minutes of PostgreSQL's index, were it stored as words
SCALARS = [
    None, True, 1, 1.5, -1, 10**30, -(10**30), 1e308, float("inf"), float("-inf"), float("nan"),
    "", "1", "1e999", "nan", "-0", "²", "١", LONG, "\ud800", "\0", "a\0b", "\u2028",
    [], {}, [[]], [None], ["joy"], {"a": {"b": 1}},
]  # fmt: skip
TASKS = [
    {"id": 1, "data": {"text": "hi", "dialogue": "d", "speaker": "A", "start": 0, "end": 1},
     "annotations": [{"completed_by": 1, "lead_time": 2.5, "result": [
         {"type": "choices", "from_name": "emotion", "to_name": "text",
          "value": {"choices": ["joy"]}}]}]},
    {"id": 2, "data": {"text": "ho", "dialogue": "d"}, "annotations": [
        {"completed_by": 2, "lead_time": 1, "result": [
            {"type": "rating", "from_name": "strength", "to_name": "text",
             "value": {"rating": 3}}]}]},
]  # fmt: skip


def changed(chance, value):
    """The same JSON with a few of its parts replaced or left out."""
    if chance.random() < 0.06:
        return chance.choice(SCALARS)
    if isinstance(value, dict):
        return {k: changed(chance, v) for k, v in value.items() if chance.random() > 0.02}
    return [changed(chance, each) for each in value] if isinstance(value, list) else value


def brought(outcomes, *arguments):
    """Import into a corpus of its own; all of it or nothing, and what is stored fits."""
    with transaction.atomic():
        try:
            call_command("import_corpus", *arguments, "--corpus", "hostile", verbosity=0)
            outcomes.add("stored")
        except CommandError as error:
            outcomes.add("refused")
            assert str(error).endswith("Nothing was imported.")
            assert not Corpus.objects.filter(name="hostile").exists()
        check_stored()
        for row in Utterance.all_objects.filter(corpus__name="hostile"):
            assert row.start is None or abs(row.start) < 1e9, row.start
            assert max(len(row.text), len(row.translation)) <= LONGEST_TEXT
        for row in Judgement.objects.filter(assignment__round__corpus__name="hostile"):
            assert 0 <= row.seconds < 1e9 and row.confidence in (None, 1, 2, 3)
        transaction.set_rollback(True)


def test_label_studio(tmp_path):
    chance, outcomes = random.Random(5), set()
    path = tmp_path / "export.json"
    for _ in range(150):
        path.write_text(json.dumps(changed(chance, TASKS)))
        brought(outcomes, path, "--format", "labelstudio")
    assert outcomes == {"stored", "refused"}


FILES = ("utterances.jsonl", "judgements.jsonl", "scheme.json", "rounds.json")


def test_a_release_that_was_altered_with_its_checksums(corpus, tmp_path):
    root = make_release(corpus, [make_judged_round(corpus, dialogues=2)]).directory
    kept = {name: (root / name).read_text("utf-8") for name in FILES}
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    chance, outcomes = random.Random(7), set()
    (root / "manifest.json").chmod(0o644)
    for name in FILES:
        (root / name).chmod(0o644)
    for turn in range(120):
        name = FILES[turn % len(FILES)]
        parts = kept[name].splitlines() if name.endswith("l") else [kept[name]]
        rows = [json.dumps(changed(chance, json.loads(part))) for part in parts]
        (root / name).write_text("\n".join(rows) + "\n")
        result = json.loads(json.dumps(manifest))
        for entry in result["files"]:
            data = (root / entry["path"]).read_bytes()
            entry["sha256"] = hashlib.sha256(data).hexdigest()
        (root / "manifest.json").write_text(json.dumps(result))
        brought(outcomes, root / "manifest.json", "--format", "shengqing")
        (root / name).write_text(kept[name])
    assert outcomes == {"stored", "refused"}
