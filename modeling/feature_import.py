"""What a worker does for a FeatureImport."""

import shutil

from core import shared_folders
from core.errors import UserError, gettext_noop
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.feature_files import read_tables
from modeling.learner.features.imported import Match, write_features
from modeling.learner.release_checks import open_release
from modeling.learner_process import writing


def read(job):
    """Read the uploaded file and match it with the release; what was found waits for a person.

    Raises UserError with what is wrong, or where nothing of it is of the release.
    """
    shared_folders.fetch(job.directory, strict=True)
    if not job.uploaded(0).is_file():
        raise UserError(gettext_noop("The uploaded file is gone. Upload it once more."))
    job.report_progress(0.0)
    release = open_release(job.release.directory)
    utterances = [u.id for dialogue in release.dialogues for u in dialogue.utterances]
    try:
        tables = read_tables(
            job.uploaded(0), job.modality, job.uploaded(1) if len(job.files) > 1 else None
        )
    except FeatureError as error:
        reason = str(error)
        for number, file in enumerate(job.files):  # under the names that the person knows
            reason = reason.replace(job.uploaded(number).name, file["name"])
        raise UserError("%(reason)s", reason=reason) from error
    job.report_progress(0.5)
    matches = [Match.of(table, utterances) for table in tables]
    if not any(match.matched for match in matches):
        raise UserError(
            gettext_noop(
                "No id of the file is an utterance of release %(version)s. In the file: %(theirs)s"
                " … In the release: %(ours)s … Nothing was imported."
            ),
            version=job.release.version,
            theirs=", ".join(tables[0].ids[:3] if tables else []) or "–",
            ours=", ".join(utterances[:3]),
        )
    found = []
    with writing(job, job.directory):
        shutil.rmtree(job.directory / "read", ignore_errors=True)
        for table, match in zip(tables, matches, strict=True):
            own = table.only(utterances)
            place = job.read_directory(table.modality)
            digest = write_features(place, own, job.name, job.rate, job.files[0]["name"])
            size = sum(path.stat().st_size for path in place.iterdir())
            found.append({"modality": table.modality, "dims": table.dims, "pooled": table.pooled,
                          "digest": digest, "bytes": size, **vars(match)})  # fmt: skip
    job.keep_draft({"utterances": len(utterances), "tables": found})
