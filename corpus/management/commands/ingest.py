import argparse
import re
import shutil
from io import BytesIO

from django.conf import settings
from django.core.files import File
from django.core.management.base import BaseCommand, CommandError

from core.column_lengths import distinct_name
from core.command_options import name as name_of
from core.command_options import path as path_of
from core.command_options import real, whole
from core.errors import UserError, gettext_noop
from core.storage import digest
from core.translation import translate_error
from corpus.file_pairs import pair
from corpus.import_plan import import_check_of
from corpus.import_report import lines, media_lines
from corpus.models import Corpus, Source
from corpus.source_inspection import inspect_media
from corpus.transcripts.reader import Options
from corpus.transcripts.table import ROLES
from jobs.models import JobStatus

RENEWED = [
    "gap",
    "encoding",
    "read_options",
    "columns",
    "inspection",
    "probe",
]  # of a source that is gone on with
LONGEST_TITLE = 80  # characters
AGAIN = [JobStatus.FAILED, JobStatus.STOPPED]  # what one may simply try again


def _decided(options):
    """What the command says about the reading of a transcript."""
    speakers, tiers = options["speakers"].strip(), options["tiers"]
    prefixes = {"": "proposed", "none": "none"}.get(speakers, "listed")
    return Options(
        prefixes=prefixes,
        names=_listed(speakers) if prefixes == "listed" else (),
        taken=_listed(options["take"]),
        left=_listed(options["leave"]),
        dashes=not options["no_dashes"],
        bilingual=options["bilingual"] or "proposed",
        tiers=_listed(tiers),
        rolling=options["rolling"],
        replace=options["replace"],
        sheet=options["sheet"],
    )


def column(words):
    """Reads ROLE=NAME."""
    role, given, heading = words.partition("=")
    if role not in ROLES or not heading:
        known = ", ".join(ROLES)
        raise argparse.ArgumentTypeError(f"expected ROLE=NAME, ROLE one of {known}; not {words!r}")
    return role, heading


def _listed(names):
    return tuple(filter(None, map(str.strip, re.split("[,，]", names))))


class Command(BaseCommand):
    help = (
        "Cut an episode and its transcript into dialogues with clips, here and now; or a folder of"
        " them, matched by name. A folder can be run again: what is done is not done twice. What"
        " was read is said before anything is written."
    )

    def add_arguments(self, parser):
        parser.add_argument("media", type=path_of, help="a file or a folder")
        parser.add_argument(
            "transcript", type=path_of, nargs="?", help="without it, speech is heard"
        )
        parser.add_argument("--corpus", required=True, help="name of the corpus")
        parser.add_argument("--title", type=name_of(80), help="default: the file's name")
        parser.add_argument(
            "--gap", type=real(0.05, 600), default=4.0, help="seconds that part dialogues"
        )
        parser.add_argument("--encoding", default="", help="of the transcript; default: found")
        parser.add_argument(
            "--speakers",
            default="",
            help="names before a colon: none, or the only ones, as A,B; default: as proposed",
        )
        parser.add_argument("--take", default="", help="speakers though not proposed, as A,B")
        parser.add_argument("--leave", default="", help="words though proposed as speakers")
        parser.add_argument(
            "--bilingual",
            choices=["first", "second", "no"],
            help="which lines are the transcript; default: as recognised",
        )
        parser.add_argument("--tiers", default="", help="tiers or styles to read, as A,B")
        parser.add_argument(
            "--column",
            action="append",
            type=column,
            default=[],
            help="of a table: text=台词; start, end, speaker",
        )
        parser.add_argument("--sheet", default="", help="of a spreadsheet")
        parser.add_argument(
            "--no-dashes", action="store_true", help="a dash at the start of a line is no turn"
        )
        parser.add_argument(
            "--rolling", action="store_true", help="read lines of rolling captions once"
        )
        parser.add_argument(
            "--replace", action="store_true", help="replace bytes that cannot be read by �"
        )
        parser.add_argument(
            "--track", type=whole(), help="sound track (stream); default: flagged one"
        )
        parser.add_argument(
            "--subtitles", type=whole(), help="take the words from this track inside the media"
        )
        parser.add_argument("--check", action="store_true", help="say what was read, write nothing")
        parser.add_argument("--publish", action="store_true", help="publish what was cut")

    def handle(self, media, transcript, corpus, title, **options):
        target = Corpus.objects.filter(name=corpus).first()
        if target is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        if transcript and options["subtitles"] is not None:
            raise CommandError("Give a transcript or --subtitles, not both.")
        if media.is_dir():
            return self._folder(target, media, options)
        for path in filter(None, (media, transcript)):
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        title = title or distinct_name(media.stem, 80)
        if target.sources.filter(title=title).exclude(status__in=AGAIN).exists():
            raise CommandError(f"{corpus!r} has a source called {title!r} already; give --title.")
        failure = self._one(target, title, media, transcript, options)
        if failure:
            raise CommandError(failure)

    def _folder(self, corpus, folder, options):
        pairs, left = pair(path for path in folder.rglob("*") if path.is_file())
        if not pairs:
            raise CommandError(f"{folder} holds no video or audio.")
        failures = []
        for media, transcript in pairs:
            title = media.relative_to(folder).with_suffix("").as_posix()
            done = corpus.sources.filter(status=JobStatus.DONE)
            twin = done.filter(title=title).first() or done.filter(sha256=digest(media)).first()
            if twin:
                self.stdout.write(f"{title}: is here already as {twin.title!r}")
                continue
            if len(title) > LONGEST_TITLE:  # cut off, it might be that of another one
                failure = f"{title}: longer than {LONGEST_TITLE} characters; rename it."
            else:
                failure = self._one(corpus, title, media, transcript, options)
            if failure:
                failures.append(failure)
                self.stderr.write(failure)
        for transcript in left:
            self.stderr.write(f"{transcript.relative_to(folder)}: no episode of this name")
        if failures:
            done = "could not be read" if options["check"] else "were not ingested"
            raise CommandError(f"{len(failures)} of {len(pairs)} episodes {done}")

    def _left_of(self, draft, media, transcript):
        """What a crash or a failure left of this title, and whether it is of this very episode."""
        left = draft.corpus.sources.filter(title=draft.title).exclude(status=JobStatus.DONE).first()
        if left is None or left.status == JobStatus.DRAFT:
            return left, False
        same = (left.track, left.subtitles) == (draft.track, draft.subtitles)
        if transcript or left.subtitles is None:
            words = transcript.read_bytes() if transcript else b""
            with left.transcript.open("rb") if left.transcript else BytesIO() as file:
                same = same and file.read() == words
        return left, same and left.sha256 == digest(media)

    def _draft(self, corpus, title, media, transcript, options):
        """The source as it would be, not stored. Raises a UserError where it cannot be read."""
        source = Source(
            corpus=corpus, title=title, gap=options["gap"], encoding=options["encoding"]
        )
        source.track, source.subtitles = options["track"], options["subtitles"]
        source.read_options = _decided(options).to_json()
        source.columns = dict(options["column"])
        source.probe_media(media)
        self._guard_tracks(source)
        if transcript:
            source.set_transcript(transcript.name, transcript.read_bytes())
        return source

    def _inspect(self, draft, media, left):
        """Look at the media as the page's worker does, unless it was done before a crash."""
        if left and left.inspection is not None and left.subtitles is None:
            draft.inspection = left.inspection
            return
        inspect_media(draft, media)
        if draft.inspection_failure and draft.subtitles is not None:
            failure = draft.inspection["failure"]
            raise UserError(failure["template"], **failure["values"])

    def _guard_tracks(self, source):
        """Raises UserError for a track that is not there, or cannot be used."""
        probe = source.probed
        for name, chosen, tracks in (
            ("track", source.track, probe.audio),
            ("subtitles", source.subtitles, probe.subtitles),
        ):
            usable = [track.index for track in tracks if name == "track" or track.text]
            if chosen is not None and chosen not in usable:
                raise UserError(
                    gettext_noop("There is no --%(name)s %(chosen)d that can be used. %(there)s"),
                    name=name,
                    chosen=chosen,
                    there="; ".join(media_lines(source, probe)),
                )

    def _store(self, source, media):
        """Keep the draft with its files, queued."""
        source.sha256 = digest(media)
        with media.open("rb") as file:
            source.media.save(media.name, File(file), save=False)
        source.store_transcript()
        source.save()
        return source

    def _one(self, corpus, title, media, transcript, options):
        """Ingest one episode; the sentence that says why not, or None."""
        try:
            draft = self._draft(corpus, title, media, transcript, options)
            left, same = self._left_of(draft, media, transcript)
            self._inspect(draft, media, left if same else None)
            check = import_check_of(draft)
        except UserError as error:
            return f"{media.name}: {translate_error(error)}"
        free = shutil.disk_usage(settings.DATA_DIR).free
        for line in lines(draft, check, free):
            self.stdout.write(f"{title}: {line}")
        if options["check"]:
            return None
        if same:
            source = left
            source.stop()
            for name in RENEWED:
                setattr(source, name, getattr(draft, name))
            source.save(update_fields=RENEWED)
            source.requeue()
        else:
            if left:
                left.delete()
            source = self._store(draft, media)
        source.run()
        if source.status != JobStatus.DONE:
            return f"{media.name}: {source.failure_text}"
        if options["publish"]:
            source.publish(None)
        problem_count = source.import_problems.count()
        self.stdout.write(
            f"{title}: {source.counts['dialogues']} dialogues,"
            f" {source.counts['utterances']} utterances, {source.counts['seconds']} s"
            + (f", {problem_count} findings" if problem_count else "")
        )
        return None
