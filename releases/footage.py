"""The media of a release by its policy: clips of dialogues or utterances, features, or nothing."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager

from django.conf import settings

from corpus import cutting, keeping, media
from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models import Dialogue
from releases.models import Release

SHORTEST = 0.04  # seconds of an utterance's clip: one picture


def write(root, plan, beat):
    """Write what the release's policy asks for under `root`. Raises Refused, MediaError."""
    policy, films = plan.release.media, [i for i, row in enumerate(plan.dialogues) if row[3]]
    if policy == Release.Media.NONE or not films:
        return
    (root / plan.place(films[0])).parent.mkdir()
    if policy == Release.Media.FEATURES:
        return _measure_clips(root, plan, films, beat)
    work = _copy_clip if policy == Release.Media.DIALOGUES else _cut_utterances
    for done, position in enumerate(films, 1):
        dialogue = Dialogue.objects.get(pk=plan.dialogues[position][0])
        with _film_of(dialogue):
            work(root, plan, position, dialogue)
        beat(done / len(films))


@contextmanager
def _film_of(dialogue):
    try:
        yield
    except FileNotFoundError as error:
        raise Refused(
            gettext_noop("The clip of %(dialogue)s is missing on disk. Ingest it again."),
            dialogue=dialogue.uid,
        ) from error


def _copy_clip(root, plan, position, dialogue):
    target = root / plan.place(position)
    with dialogue.clip.open("rb") as clip, target.open("wb") as copy:
        shutil.copyfileobj(clip, copy, 1 << 20)


def _cut_utterances(root, plan, position, dialogue):
    """Each utterance's span of the clip, a file of its own."""
    spoken = list(dialogue.utterances.exclude(start=None).exclude(end=None))
    spoken.sort(key=lambda utterance: (utterance.start, utterance.number))
    with keeping.local(dialogue.clip.name) as path:
        found = media.probe(path)
        ends = (min(max(u.end, u.start + SHORTEST), found.duration) for u in spoken)
        spans = [(u.start, end) for u, end in zip(spoken, ends)]
        targets = [root / plan.place(position, u.number) for u in spoken]
        cutting.cut(path, found, spans, lambda number: targets[number], lambda number: None)
    for target in targets:
        for suffix in (".flac", ".jpg", ".json", ".cut"):
            target.with_suffix(suffix).unlink(missing_ok=True)


def _measure_clips(root, plan, films, beat):
    """Sound and picture as arrays, by the learner as a program of its own, one clip a line."""
    command = [sys.executable, "-m", "modeling.learner", "measure"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=settings.ROOT, text=True, **pipes) as learner:
        try:
            for done, position in enumerate(films, 1):
                dialogue = Dialogue.objects.get(pk=plan.dialogues[position][0])
                with _film_of(dialogue), keeping.local(dialogue.clip.name) as path:
                    line = json.dumps({"clip": str(path), "out": str(root / plan.place(position))})
                    learner.stdin.write(f"{line}\n")
                    learner.stdin.flush()
                    answer = learner.stdout.readline().strip()
                if answer != "ok":
                    raise Refused(
                        gettext_noop("The features of %(dialogue)s could not be measured: %(why)s"),
                        dialogue=dialogue.uid,
                        why=answer[:300] or "–",
                    )
                beat(done / len(films))
        except BaseException:
            learner.kill()
            raise
