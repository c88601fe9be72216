"""Nothing of the held-out split's labels is read before somebody looks: others, or none, change
nothing of a run, to the last bit.
"""

import json
import re
import shutil

import pytest
from django.urls import reverse

from jobs.models import JobStatus
from modeling.learner import ablation, correlation_validity, recipes, release
from modeling.learner.release import Dialogue, Utterance, load_release
from modeling.learner.synthetic_data import TASKS as PLANTED
from modeling.models import Evaluation, Experiment
from tests.factories import make_judged_round, make_release
from tests.modeling.factories import learn, run, write_release

RECIPE = {"modalities": ["text"], "epochs": 2, "width": 8, "heads": 2, "sharing": "relgate",
          "soft_labels": True}  # fmt: skip


def talks(held_out):
    found = []
    for number, split in enumerate(["train"] * 8 + ["valid"] * 2 + [held_out] * 3):
        turns = []
        for n in range(5):
            gold = {t.key: t.classes[(n + number) % len(t.classes)] for t in PLANTED}
            turns.append(
                Utterance(f"D{number}_{n}", "AB"[n % 2], "好坏人"[n % 3], None, None, gold)
            )
        found.append(Dialogue(f"D{number}", split, tuple(turns), None, ""))
    return found


def with_held_out(root, out, held_out, change):
    """A copy of a release in which `change` has had the rows of the held-out split."""
    shutil.copytree(root, out)
    for name in ("utterances.jsonl", "judgements.jsonl"):
        rows = [json.loads(line) for line in (root / name).read_text().split("\n") if line]
        for row in rows:
            if row["id" if "id" in row else "utterance"] in held_out:
                change(row)
        output_of = "\n".join(json.dumps(row) for row in rows if row)
        (out / name).chmod(0o644)
        (out / name).write_text(f"{output_of}\n")
    return out


def other_labels(row):
    """Each of another value, one that is not even in the scheme."""
    if "gold" in row:
        row["gold"] = dict.fromkeys(row["gold"], "nonsense")
        row["soft"] = {task: {"nonsense": float("nan")} for task in row["gold"]}
    else:
        row["value"] = "nonsense"


def no_labels(row):
    if "gold" in row:
        row["gold"] = {}
        for name in ("soft", "votes", "provenance"):
            row.pop(name, None)
    else:
        row.clear()


@pytest.fixture(autouse=True)
def _digests_are_not_compared(monkeypatch):
    """The digest of a file is of its held-out labels too; here they alone are other ones."""
    monkeypatch.setattr("modeling.learner.release_checks._check_frozen", lambda *_: None)


CHANGES = {"others": other_labels, "none": no_labels}


@pytest.fixture(scope="module", params=["test", "valid"])
def plain(request, tmp_path_factory):
    """A release directory and the utterances of its held-out split, which is test or, without one,
    valid.
    """
    root = tmp_path_factory.mktemp("held_out") / "release"
    made = talks(request.param)
    write_release(root, made, PLANTED)
    judged = [
        {"utterance": u.id, "annotator": who, "task": task, "value": value}
        for d in made for u in d.utterances for task, value in u.gold.items() for who in "ab"
    ]  # fmt: skip
    (root / "judgements.jsonl").write_text("".join(json.dumps(row) + "\n" for row in judged))
    return root, {u.id for d in made if d.split == request.param for u in d.utterances}


def trained(root, out, fields=RECIPE):
    recipe = root.parent / "recipe.json"
    recipe.write_text(json.dumps(fields))
    done = learn(root, out, "--recipe", recipe, "--tensorboard")
    assert done.returncode == 0, done.stderr
    return out


def output_of(out):
    """Every file of a run by its name, without the times of day and what was used."""
    found = {}
    for path in sorted(p for p in out.rglob("*") if p.is_file() and p.parent.name != "tensorboard"):
        words = path.read_bytes()
        if path.suffix in (".json", ".jsonl"):
            words = re.sub(rb'"(seconds|at)": ?("[^"]*"|[0-9.]+)|"used": ?\{[^}]*\}', b"", words)
        found[path.name] = words
    return found


CLASSICAL = [  # likelihoods reads a directory that another command writes
    {"network": name, "modalities": ["text"]} for name in recipes.CLASSICAL if name != "likelihoods"
]


@pytest.mark.parametrize(
    ("how", "fields"),
    [*((how, RECIPE) for how in CHANGES), *(("others", fields) for fields in CLASSICAL)],
)
def test_a_run_is_the_same_to_the_last_bit(how, fields, plain, tmp_path):
    root, held_out = plain
    out = trained(root, tmp_path / "a", fields)
    changed = with_held_out(root, tmp_path / "changed", held_out, CHANGES[how])
    one, other = output_of(out), output_of(trained(changed, tmp_path / "b", fields))
    assert {
        "model.safetensors",
        "results.json",
        "relations.json",
        "validation_predictions.jsonl",
    } <= set(one)
    assert one == other
    for verb in ("validity", "features"):
        assert run(verb, root, "--json").stdout == run(verb, changed, "--json").stdout


def test_what_is_read_holds_none_of_them_unless_it_is_asked(plain):
    root, held_out = plain
    found = load_release(root)
    mine = [u for d in found.dialogues for u in d.utterances if u.id in held_out]
    assert len(mine) == len(held_out) and not any(u.gold or u.soft for u in mine)
    assert all(u.labelled for u in mine) and not found.labels
    assert all(u.gold for d in found.dialogues for u in d.utterances if u.id not in held_out)
    whole = found.with_labels()
    assert whole.labels and all(u.gold for d in whole.dialogues for u in d.utterances)
    assert whole.without_labels().dialogues == found.dialogues
    (root / "manifest.json").write_text((root / "manifest.json").read_text() + " ")
    with pytest.raises(release.ReleaseError, match="another release"):
        found.with_labels()
    (root / "manifest.json").write_text((root / "manifest.json").read_text()[:-1])


def test_a_look_reads_them_and_is_counted_first(plain, tmp_path, monkeypatch):
    root, held_out = plain
    out, looks = trained(root, tmp_path / "a"), []
    read = release.Release.with_labels

    def noted(self):
        path = out / "test_evaluations.jsonl"
        looks.append(path.read_text() if path.exists() else "")
        return read(self)

    monkeypatch.setattr(release.Release, "with_labels", noted)
    done = run("evaluate", root, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tasks"]["sentiment"]["n"] == len(held_out)
    assert looks and all("evaluate" in look for look in looks)
    count = len(looks)
    done = run("evaluate", root, "--out", out, "--split", "train", "--json")
    assert done.returncode == 0 and len(looks) == count  # the labels of train are no look


@pytest.mark.parametrize("how", CHANGES)
def test_a_prediction_is_the_same_without_them(how, plain, tmp_path):
    root, held_out = plain
    changed = with_held_out(root, tmp_path / "changed", held_out, CHANGES[how])
    out = trained(root, tmp_path / "a")
    for place, name in ((root, "one"), (changed, "other")):
        done = run("predict", place, "--out", out, "--to", tmp_path / name)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_who_hands_over_labels_is_not_taken_up_on_it(plain, tmp_path):
    """`train`, `ablate` and the report on correlations see off what a caller reads too much."""
    root, held_out = plain
    seen = []
    whole = load_release(root, labels=True)
    report = correlation_validity.validity_report

    def noted(found, *more):
        seen.extend(u for d in found.dialogues for u in d.utterances if u.id in held_out and u.gold)
        return report(found, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modeling.learner.pipeline.correlation_validity.validity_report", noted)
        patch.setattr(ablation, "variants", lambda recipe: {"as it is": recipe})
        from modeling.learner.pipeline import choose_device
        from modeling.learner.recipes import Recipe

        recipe = Recipe.from_json(RECIPE)
        ablation.ablate(whole, root, recipe, tmp_path / "a", choose_device("cpu"), 1, False, print)
    assert seen == []


@pytest.mark.django_db
def test_pages_of_a_run_are_the_same_until_somebody_looks(
    corpus, lead, client_of, learner_here, tmp_path
):
    frozen = make_release(corpus, [make_judged_round(corpus, dialogues=8)])
    splits = json.loads((frozen.directory / "splits.json").read_text())["dialogues"]
    rows = (frozen.directory / "utterances.jsonl").read_text().split("\n")
    held_out = {
        row["id"] for row in map(json.loads, filter(None, rows))
        if splits[row["dialogue"]] == "test"
    }  # fmt: skip
    assert held_out
    client, whole = client_of(lead), tmp_path / "whole"
    shutil.copytree(frozen.directory, whole)
    experiment = Experiment.request(lead, frozen, ["soft-text"], [1], options={"epochs": 2})
    [made] = experiment.runs.all()
    made.run()
    assert made.status == JobStatus.DONE, made.failure_text
    addresses = [
        reverse("experiment", args=[experiment.pk]),
        reverse("experiment_csv", args=[experiment.pk]),
        *(reverse(name, args=[made.pk]) for name in ("run", "run_errors", "run_relations")),
        reverse("run_errors", args=[made.pk]) + "?all=1",
    ]  # fmt: skip
    before = [page(client, address) for address in addresses]
    for change in CHANGES.values():
        shutil.rmtree(frozen.directory)
        with_held_out(whole, frozen.directory, held_out, change)
        for address, words in zip(addresses, before, strict=True):
            assert page(client, address) == words, address
    shutil.rmtree(frozen.directory)
    shutil.copytree(whole, frozen.directory)
    assert Evaluation.request(lead, made).run().status == JobStatus.DONE
    assert page(client, addresses[2]) != before[2]


def page(client, address):
    """A page without tokens."""
    answer = client.get(address)
    assert answer.status_code == 200
    tokens = r'nonce="[^"]*"|csrf\w*" value="[^"]*"|"x-csrftoken": "[^"]*"'
    return re.sub(tokens, "", answer.content.decode())
