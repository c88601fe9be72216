"""The file that describes a protocol: read from a lead, written for the learner.

It is the file of `python -m modeling.learner experiment` (modeling/learner/experiments/
specification.py) without a path in it: `release` and `test_release` are versions, the latter also
CORPUS@VERSION; a recipe is a name; an encoder is one of the installation by its name, imported
features are those of the release by their digest.
"""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from django.core.cache import caches

from core.errors import UserError, gettext_noop
from modeling.encoders import check_encoders, encoders
from modeling.learner.experiments.folds import make_folds
from modeling.learner.experiments.specification import ExperimentError, parse_experiment, read_toml
from modeling.learner.recipes import MODALITIES
from modeling.learner.release import ReleaseError, load_release
from modeling.models.runs import TrainingRun
from releases.models import Release

MOST_BYTES = 64 * 1024
RELEASES = ("release", "test_release")  # rows of the database, not part of what is stored
NOT_A_SYSTEM = {"recipe", "name"}
MODALITY_FIELDS = {
    f"{modality}_{what}": (what, modality)
    for modality in MODALITIES
    for what in ("encoder", "features")
} | {"likelihoods": ("features", "text")}


def read_protocol(person, corpus, text):
    """(release, test release or None, values) of a file. Raises UserError that names the key."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise UserError(
            gettext_noop("The file is larger than %(most)s kB. Nothing was started."),
            most=MOST_BYTES // 1024,
        )
    try:
        values = read_toml(text)
    except ExperimentError as error:
        raise UserError("%(reason)s", reason=str(error)) from error
    release = _release_of(person, corpus, "release", values.pop("release", None))
    other = values.pop("test_release", "")
    return release, other and _release_of(person, corpus, "test_release", other) or None, values


def _release_of(person, corpus, key, reference):
    """A release that the person may use, by its version or as CORPUS@VERSION."""
    rows = Release.objects.usable().filter(corpus__in=type(corpus).objects.led_by(person))
    if isinstance(reference, str):
        name, at, version = reference.rpartition("@")
        own = {"corpus__name": name} if at else {"corpus": corpus}
        if key == "release":
            own["corpus"] = corpus
        if found := rows.filter(version=version, **own).order_by("-pk").first():
            return found
    versions = ", ".join(corpus.releases.usable().values_list("version", flat=True)[:10]) or "–"
    raise UserError(
        gettext_noop(
            "%(key)s must be the version of a frozen release of this corpus (%(versions)s), or as"
            " test_release also CORPUS@VERSION of a corpus that you lead, not “%(found)s”."
        ),
        key=key,
        versions=versions,
        found=str(reference)[:100],
    )


def check_values(release, test_release, values):
    """The learner's Experiment that the values describe. Raises UserError for what it does not
    take, for a path, and for a system that could not be trained on the release.
    """
    _check_paths(release, values)
    places = {"release": "release", "test_release": "test" if test_release else ""}
    try:
        experiment = parse_experiment({**values, **places}, Path(), files=False)
    except ExperimentError as error:
        raise UserError("%(reason)s", reason=str(error)) from error
    common = values.get("recipe", {})
    for row in values["systems"]:
        options = common | {k: v for k, v in row.items() if k not in NOT_A_SYSTEM}
        check_encoders(release, row["recipe"], options)
        run = TrainingRun(release=release, recipe=row["recipe"], options=options)
        run.guard_modalities()
        run.guard_faces()
    return experiment


def count_folds(release, test_release, experiment):
    """Into how many folds the releases are divided, kept as releases never change. Raises UserError
    where they cannot be.
    """
    digests = [each.digest for each in (release, test_release) if each is not None]
    asked = repr((digests, experiment.tasks, experiment.splits, experiment.labels))
    key = f"folds-{hashlib.sha256(asked.encode()).hexdigest()}"
    kept = caches["kept"]
    if (known := kept.get(key)) is None:
        known = _counted_folds(release, test_release, experiment)
        kept.set(key, known)
    return known


def _counted_folds(release, test_release, experiment):
    try:
        own = load_release(Path(release.directory), labels=True).with_labels()
        other = None
        if test_release is not None:
            other = load_release(Path(test_release.directory), labels=True).with_labels()
        return len(make_folds(experiment, own, other))
    except (ExperimentError, ReleaseError) as error:
        raise UserError("%(reason)s", reason=str(error)) from error


def _check_paths(release, values):
    """Raises UserError for a setting that names a file of the server."""
    tables = [("recipe", values.get("recipe", {}))]
    systems = values.get("systems", [])
    tables += (
        [(f"systems {n}", row) for n, row in enumerate(systems, 1)] if _is_list(systems) else []
    )
    tuning = values.get("tuning", {})
    tables.append(("tuning.space", tuning.get("space", {}) if isinstance(tuning, dict) else {}))
    for place, table in tables:
        for name, value in table.items() if isinstance(table, dict) else ():
            for each in _as_list(value):
                if name not in NOT_A_SYSTEM:
                    _check_setting(release, f"{place}.{name}", name, each)


def _is_list(value):
    return isinstance(value, list)


def _as_list(value):
    return value if _is_list(value) else [value]


def _check_setting(release, place, name, value):
    if not isinstance(value, str) or not value:
        return
    what, modality = MODALITY_FIELDS.get(name, ("", ""))
    if what == "encoder":
        _check_one_of(place, value, encoders()[modality])
    elif what == "features":
        rows = release.imported_features.filter(modality=modality)
        _check_one_of(place, value, list(rows.values_list("digest", flat=True)))
    elif name == "face_detector" or set("/\\~") & set(value) or value.startswith("."):
        raise UserError(
            gettext_noop("%(place)s: no file of this server can be named here. Leave it out."),
            place=place,
        )


def _check_one_of(place, value, known):
    if value not in known:
        raise UserError(
            gettext_noop("%(place)s must be one of %(known)s, not “%(value)s”."),
            place=place,
            known=", ".join(known[:20]) or "–",
            value=value[:100],
        )


# --- written -------------------------------------------------------------------------------------


def shown_file(protocol):
    """The file as a lead downloads it: the same experiment on a command line, beside its releases,
    and here.
    """
    values = {"name": protocol.name, "release": protocol.release.version}
    head = [
        f"# {protocol.release.corpus.name} {protocol.release.version}",
        "# python -m modeling.learner experiment FILE --out OUT",
        "# On a command line, release is the directory of the unpacked release beside this file.",
    ]
    if protocol.test_release:
        other = protocol.test_release
        values["test_release"] = f"{other.corpus.name}@{other.version}"
    lines = [line.replace("\n", " ").replace("\r", " ") for line in head]
    return "\n".join(lines) + "\n" + toml_text(values | _rest(protocol.specification))


def learner_file(protocol):
    """The file as the learner takes it: with the directories of releases, encoders, features."""
    paths = {"release": str(protocol.release.directory)}
    if protocol.test_release:
        paths["test_release"] = str(protocol.test_release.directory)
    values = dict(protocol.specification)
    release = protocol.release
    values["recipe"] = _with_paths(release, values.get("recipe", {}))
    values["systems"] = [_with_paths(release, row) for row in values["systems"]]
    if space := values.get("tuning", {}).get("space"):
        values["tuning"] = values["tuning"] | {"space": _with_paths(release, space)}
    return toml_text({"name": protocol.name, **paths} | _rest(values))


def _rest(values):
    return {k: v for k, v in values.items() if k not in ("name", *RELEASES)}


def _with_paths(release, fields):
    run = TrainingRun(release=release)

    def placed(name, value):
        if name not in MODALITY_FIELDS:
            return value
        return (
            [placed(name, each) for each in value]
            if _is_list(value)
            else run.in_recipe(name, value)
        )

    found = {name: placed(name, value) for name, value in fields.items()}
    if found.get("vision_region", "frame") != "frame":
        found["face_detector"] = run.face_detector
    return found


def toml_text(values):
    """Values as TOML: plain ones first, then tables, then lists of tables."""
    plain, tables, lists = {}, {}, {}
    for key, value in values.items():
        if isinstance(value, dict):
            tables[key] = value
        elif _is_list(value) and value and isinstance(value[0], dict):
            lists[key] = value
        else:
            plain[key] = value
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, table in tables.items():
        lines += _table([key], table)
    for key, rows in lists.items():
        for row in rows:
            lines += ["", f"[[{_key(key)}]]"]
            lines += [f"{_key(name)} = {_value(value)}" for name, value in row.items()]
    return "\n".join(lines) + "\n"


def _table(path, table):
    if not table:
        return []
    inner = {k: v for k, v in table.items() if isinstance(v, dict)}
    plain = {k: v for k, v in table.items() if k not in inner}
    lines = ["", f"[{'.'.join(map(_key, path))}]"] if plain or not inner else []
    lines += [f"{_key(name)} = {_value(value)}" for name, value in plain.items()]
    for name, value in inner.items():
        lines += _table([*path, name], value)
    return lines


@lru_cache
def _key(text):
    plain = text and all(c.isascii() and (c.isalnum() or c in "_-") for c in text)
    return text if plain else _value(text)


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # a string of JSON is one of TOML but for DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return repr(value)
