"""What a worker does for a LanguageModelJudge: the learner asks, its scores become features."""

import shutil

from django.db import transaction

from core import shared_folders
from core.errors import UserError, gettext_noop
from modeling.encoders import encoder_path
from modeling.learner_process import fetched, lines_of, supervise, written
from modeling.models import ImportedFeatures


def ask(judge):
    """Do a claimed LanguageModelJudge. Raises UserError with the learner's sentence; Stopped."""
    judge.release.guard_open()
    out = judge.directory / "out"
    with written(judge.directory):
        shutil.rmtree(out, ignore_errors=True)  # of an attempt that died

    def beat():
        last = _last_line(judge)
        judge.report_progress(last["done"] / last["total"] if "done" in last else None)

    release = fetched(judge, judge.release, {"text_encoder": judge.encoder})
    supervise(
        ["judge", release, "--model", encoder_path(judge.encoder), "--out", out,
         "--language", judge.language, "--turns", judge.turns, "--shots", judge.shots,
         "--seed", judge.seed, "--device", judge.device, "--json",
         *(["--half"] if judge.half else [])],
        judge.directory,
        beat,
    )  # fmt: skip
    found = _last_line(judge)
    if "digest" not in found:
        raise UserError(gettext_noop("The language model wrote no scores."))
    with transaction.atomic():
        judge.features = _establish(judge, found, out / "features")
        judge.save(update_fields=["features"])
        judge.finish()
    shutil.rmtree(out, ignore_errors=True)


def _establish(judge, found, read):
    """The row of the scores with its directory in place; the same scores are kept once."""
    row, _created = ImportedFeatures.objects.get_or_create(
        release=judge.release, modality="text", digest=found["digest"],
        defaults={
            "name": judge.features_name, "dims": found["dims"], "pooled": True,
            "likelihoods": True, "utterances": found["utterances"], "person": judge.person,
            "bytes": sum(path.stat().st_size for path in read.iterdir()),
            "source_name": judge.encoder,
        },
    )  # fmt: skip
    if not row.directory.is_dir():
        with written(row.directory):
            row.directory.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(read, row.directory)
        shared_folders.publish(row.directory)
    return row


def _last_line(judge):
    rows = list(lines_of(judge.directory / "stdout.txt"))
    return rows[-1] if rows else {}
