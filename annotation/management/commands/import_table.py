import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation.corpus_import import TARGETS, Target, read_mapped, store_published
from annotation.management.commands.import_corpus import corpus_called, show, write_report
from core.command_options import name as name_of
from core.errors import UserError
from core.translation import translate_error
from corpus.formats.mapped_table import Mapping


class Command(BaseCommand):
    help = (
        "Import a labelled table (CSV, TSV, XLSX, JSONL, JSON, Parquet) by a mapping, as the page"
        " of an import offers it for download: all files or none. What they hold, and what is odd"
        " in them, is shown before anything is written."
    )

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--mapping", required=True, type=Path, help="mapping.json")
        parser.add_argument(
            "--corpus", required=True, type=name_of(120), help="made if it is not there"
        )
        parser.add_argument("--lead", help="username of a new corpus' lead")
        parser.add_argument("--labels", choices=TARGETS, default="published")
        parser.add_argument("--annotator", default="", help="whose labels they are")
        parser.add_argument("--round", default="", help="name of the round")
        parser.add_argument("--report", type=Path, help="write every finding to this CSV")
        parser.add_argument("--check", action="store_true", help="show it and write nothing")

    def handle(self, files, mapping, corpus, lead, report, check, **options):
        for path in [*files, mapping]:
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        if options["labels"] == "annotator" and not options["annotator"]:
            raise CommandError("--labels annotator needs --annotator NAME.")
        name = options["round"] or f"{files[0].stem[:60]} (published)"
        target = Target(options["labels"], options["annotator"], name)
        try:
            parts = read_mapped(files, _mapping(mapping))
            for part in parts:
                show(self.stdout, part, "line", report)
            if report:
                write_report(report, parts)
                self.stdout.write(f"every finding: {report}")
            if check:
                self.stdout.write("Nothing was written.")
                return
            with transaction.atomic():
                store_published(corpus_called(corpus, lead), "mapped", parts, target=target)
        except UserError as error:
            raise CommandError(f"{translate_error(error)} Nothing was imported.") from error
        except OSError as error:
            raise CommandError(f"{error}. Nothing was imported.") from error
        self.stdout.write(f"imported into {corpus}")


def _mapping(path):
    try:
        return Mapping.from_json(json.loads(path.read_text("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError("%(file)s: not JSON (%(why)s).", file=path.name, why=str(error)) from error
