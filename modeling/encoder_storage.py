"""Encoders on their way into ENCODERS_DIR: which files are taken, and how they become one."""

import json
import os
import re
import shutil
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat

from core import shared_folders
from core.errors import UserError, gettext_noop
from corpus.archives import Limits, unpack
from corpus.models import Installation
from modeling.learner.features.encoder_directory import CONFIG, ORIGIN, EncoderDirectory
from modeling.learner.features.feature_error import FeatureError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SHARD = r"(-\d{5}-of-\d{5})?"
SAFE = re.compile(rf"model{SHARD}\.safetensors|model\.safetensors\.index\.json")
PICKLED = re.compile(rf"pytorch_model{SHARD}\.bin|pytorch_model\.bin\.index\.json")
BESIDE = re.compile(
    r"config\.json|tokenizer\.json|tokenizer_config\.json|vocab\.(txt|json)|merges\.txt"
    r"|special_tokens_map\.json|added_tokens\.json|spiece\.model|sentencepiece\.bpe\.model"
    r"|tokenizer\.model|(pre)?processor_config\.json|(README|LICEN[CS]E|NOTICE)(\.md|\.txt)?"
)
MOST_FILES = 500
ROOM = 1.05  # of what is written, that the disk must have


def directory():
    """Where encoders are. Raises UserError where the installation has no place for them."""
    if not settings.ENCODERS_DIR:
        raise UserError(gettext_noop("ENCODERS_DIR is empty: there is no place for encoders."))
    return Path(settings.ENCODERS_DIR)


def is_writable():
    """Whether encoders can be added and removed here: not where they are mounted read-only."""
    return os.access(_existing(directory()), os.W_OK)


def _writable_directory():
    """Raises UserError where encoders cannot be added or removed."""
    place = directory()
    if not is_writable():
        words = gettext_noop(
            "%(directory)s is read-only here, so nothing was changed. Add and remove encoders where"
            " the folder is kept, or mount it writable."
        )
        raise UserError(words, directory=str(place))
    return place


def free_bytes():
    """Of the disk that holds the encoders."""
    return shutil.disk_usage(_existing(directory())).free


def _existing(place):
    while not place.exists():
        place = place.parent
    return place


def wanted_files(names):
    """Those of some file names that an encoder is made of: safetensors where there are any."""
    weights = SAFE if any(SAFE.fullmatch(name) for name in names) else PICKLED
    return [name for name in names if BESIDE.fullmatch(name) or weights.fullmatch(name)]


def guard_name(name):
    """Raises UserError for a name that is none, or that another encoder has, and where encoders
    cannot be written.
    """
    if not NAME.fullmatch(name):
        words = gettext_noop(
            "“%(name)s” is no name of an encoder: use letters, digits, dots, hyphens and"
            " underscores, and begin with a letter or digit."
        )
        raise UserError(words, name=name[:120])
    place = _writable_directory() / name
    if place.exists() or shared_folders.holds(place, CONFIG):
        words = gettext_noop(
            "There is an encoder %(name)s already. Remove it first, or take another name."
        )
        raise UserError(words, name=name)


def guard_space(wanted):
    """Raises UserError where the disk lacks room for so many bytes."""
    free = free_bytes()
    if free < wanted * ROOM:
        words = gettext_noop(
            "The disk has %(free)s free and the encoder needs %(wanted)s. Nothing was stored."
            " Make room, or point ENCODERS_DIR to another disk."
        )
        raise UserError(words, free=filesizeformat(free), wanted=filesizeformat(wanted))


def partial_directory(name):
    """Where the files of an encoder are collected before it is there."""
    path = directory() / ".partial" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def discard_partial(name):
    """Forget what was collected of an encoder."""
    shutil.rmtree(directory() / ".partial" / name, ignore_errors=True)


def take_archive(path, name):
    """Collect the files of an encoder from a ZIP; names of those that it does not need.

    Raises UserError for an archive that is not unpacked, or holds no encoder.
    """
    discard_partial(name)
    folder = partial_directory(name) / "unpacked"
    free = free_bytes()
    unpack(path, folder, Limits(entries=MOST_FILES, bytes=int(free / ROOM)))
    configs = sorted(folder.rglob("config.json"), key=lambda file: len(file.parts))
    return _collect(configs[0].parent if configs else folder, name, shutil.move)


def take_directory(path, name):
    """Copy the files of an encoder from a directory; names of those that it does not need."""
    discard_partial(name)
    files = [file for file in path.iterdir() if file.is_file()]
    wanted = wanted_files([file.name for file in files])
    guard_space(sum(file.stat().st_size for file in files if file.name in wanted))
    return _collect(path, name, shutil.copyfile)


def _collect(source, name, put):
    target, left_out = partial_directory(name), []
    names = [file.name for file in sorted(source.iterdir()) if file.is_file()]
    wanted = set(wanted_files(names))
    for each in names:
        if each in wanted:
            put(source / each, target / each)
        else:
            left_out.append(each)
    shutil.rmtree(target / "unpacked", ignore_errors=True)
    return left_out


def establish(name, origin):
    """Make the collected files an encoder that runs can use, on all hosts; it, with `origin`
    written down. Raises UserError for files that are none; StoreAway.
    """
    partial = partial_directory(name)
    try:
        encoder = EncoderDirectory(partial)
        dims = encoder.dims
    except FeatureError as error:
        reason = str(error).replace(str(partial), name)
        raise UserError("%(reason)s", reason=reason) from error
    known = {
        **origin,
        "licence": origin.get("licence") or encoder.licence,
        "digest": encoder.digest,
        "bytes": encoder.bytes,
        "modality": encoder.modality,
        "dims": dims,
    }
    (partial / ORIGIN).write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8")
    guard_name(name)
    shared_folders.publish(directory() / name, at=partial)
    partial.rename(directory() / name)
    return EncoderDirectory(directory() / name)


@transaction.atomic
def remove(person, name):
    """Delete an encoder with its files, on all hosts. Raises UserError where there is none or
    encoders cannot be written; StoreAway.
    """
    path = _writable_directory() / name
    if not NAME.fullmatch(name) or not (path.is_dir() or shared_folders.holds(path, CONFIG)):
        raise UserError(gettext_noop("There is no encoder %(name)s."), name=name[:120])
    person.record("remove encoder", Installation.load(), name=name)

    def delete():
        if path.is_symlink():
            path.unlink()
            return
        gone = directory() / ".partial" / f"removed-{uuid4().hex}"
        gone.parent.mkdir(exist_ok=True)
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    if path.exists():
        transaction.on_commit(delete)
    shared_folders.remove_with_row(path)
