"""The media of a release by its policy: clips of dialogues or utterances, features, or nothing."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter

import orjson
from django.conf import settings

from core import storage
from core.errors import UserError, gettext_noop
from corpus.clip_faults import record_changed_file
from corpus.media_process import MediaProcess, folders_of
from releases import integrity
from releases.models import Release

SHORTEST = 0.04  # seconds of an utterance's clip: one picture


def write(root, plan, beat):
    """Write what the release's policy asks for under `root`, where its tables are already.

    The clips are those of the moment of the freeze, by name and checksum. Raises MediaError, and
    UserError if a clip is not there any more, or is not the file that it was.
    """
    policy, with_clips = plan.release.media, [i for i, row in enumerate(plan.dialogues) if row.clip]
    if policy == Release.Media.NONE or not with_clips:
        return
    (root / plan.place(with_clips[0])).parent.mkdir()
    if policy == Release.Media.FEATURES:
        written = _extract_features(root, plan, with_clips)
    elif policy == Release.Media.UTTERANCES:
        written = _cut_utterances(root, plan, with_clips)
    else:
        written = _copy_clips(root, plan, with_clips)
    changed = []
    for done, (position, sha256) in enumerate(written, 1):
        dialogue = plan.dialogues[position]
        same = sha256 == dialogue.sha256 or not dialogue.sha256
        if not same and not plan.integrity.accepts(dialogue.pk, "changed"):
            changed.append(dialogue)
        beat(done / len(with_clips))
    _refuse(changed)


def _refuse(changed):
    """Raises UserError if clips are not what they were, and keeps that with their dialogues."""
    for dialogue in changed:
        record_changed_file(dialogue.pk, dialogue.clip)
    integrity.refuse([integrity.Faulty(dialogue.pk, dialogue.uid) for dialogue in changed])


@contextmanager
def _local_clip(dialogue):
    """The clip of a dialogue as a path. Raises UserError if it is not there any more."""
    try:
        with storage.local(dialogue.clip) as path:
            yield path
    except FileNotFoundError as error:
        raise UserError(
            gettext_noop(
                "The clip of %(dialogue)s no longer exists: it was cut again or "
                "removed during the freeze. Freeze again."
            ),
            dialogue=dialogue.uid,
        ) from error


def _copy_clips(root, plan, with_clips):
    """Copy the clips; gives (position, SHA-256 of what was copied)."""
    for position in with_clips:
        target = root / plan.place(position)
        with _local_clip(plan.dialogues[position]) as path:
            shutil.copyfile(path, target)
        yield position, storage.digest(target)


def _cut_utterances(root, plan, with_clips):
    """Each utterance's span of the clip, a file of its own, by the times in the table of the
    release; gives (position, SHA-256 of the clip).
    """
    spoken = _by_dialogue(root / "utterances.jsonl")
    folders = folders_of(plan.dialogues[position].clip for position in with_clips)
    with MediaProcess(*folders, folder=(root / plan.place(with_clips[0])).parent) as media:
        for position in with_clips:
            dialogue = plan.dialogues[position]
            with _local_clip(dialogue) as path:
                _cut(media, path, root, plan, position, _spans(spoken, dialogue.uid))
                yield position, storage.digest(path)


def _by_dialogue(path):
    """(dialogue, its rows) as the table has them."""
    with path.open("rb") as lines:
        yield from groupby(map(orjson.loads, lines), key=itemgetter("dialogue"))


def _spans(spoken, dialogue):
    """(start, end, number) of the utterances of a dialogue that have times, the earliest first.

    `spoken` is read up to this dialogue: dialogues are asked for in the order of the table.
    """
    rows = next(rows for uid, rows in spoken if uid == dialogue)
    timed = [(row["start"], row["end"], row["number"]) for row in rows]
    return sorted((s, e, n) for s, e, n in timed if None not in (s, e))


def _cut(media, path, root, plan, position, spans):
    probe = media.probe(path)
    ends = (min(max(end, start + SHORTEST), probe.duration) for start, end, _number in spans)
    targets = [root / plan.place(position, number) for _start, _end, number in spans]
    cuts = [(start, until) for (start, _end, _number), until in zip(spans, ends)]
    media.cut(path, probe, cuts, targets)
    for target in targets:
        for suffix in (".flac", ".jpg", ".json", ".cut"):
            target.with_suffix(suffix).unlink(missing_ok=True)


def _extract_features(root, plan, with_clips):
    """Features of sound and picture, by the learner as a process of its own, one clip a line; gives
    (position, SHA-256 of the clip).
    """
    command = [sys.executable, "-m", "modeling.learner", "measure"]
    with subprocess.Popen(
        command,
        cwd=settings.ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as learner:
        assert learner.stdin is not None and learner.stdout is not None  # they are pipes
        try:
            for position in with_clips:
                dialogue = plan.dialogues[position]
                with _local_clip(dialogue) as path:
                    line = json.dumps({"clip": str(path), "out": str(root / plan.place(position))})
                    learner.stdin.write(f"{line}\n")
                    learner.stdin.flush()
                    answer = learner.stdout.readline().strip()
                    sha256 = storage.digest(path)
                if answer != "ok":
                    raise UserError(
                        gettext_noop(
                            "The features of %(dialogue)s could not be extracted: %(why)s"
                        ),
                        dialogue=dialogue.uid,
                        why=answer[:300] or "–",
                    )
                yield position, sha256
        except BaseException:
            learner.kill()
            raise
