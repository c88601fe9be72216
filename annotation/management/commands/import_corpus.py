from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation.corpus_import import read_published, store_published
from core.column_lengths import check_lengths
from core.command_options import name as name_of
from core.csv_export import csv_lines
from core.errors import UserError
from core.translation import translate, translate_error
from corpus.formats import FORMATS
from corpus.formats.layout import BLANK, NO_LABEL
from corpus.models import Corpus
from people.models import Person

SHOWN = 20
WHOLE = 500  # characters of a cell that are shown; the report has all of it
ENTRIES = ("labelstudio", "mustard")  # formats that have entries instead of lines


class Command(BaseCommand):
    help = (
        "Import the tables of a published corpus: all files or none. What they hold, and what is"
        " odd in them, is shown before anything is written."
    )

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--format", required=True, choices=FORMATS)
        called = name_of(120)
        parser.add_argument("--corpus", required=True, type=called, help="made if it is not there")
        parser.add_argument("--lead", help="username of a new corpus' lead")
        parser.add_argument("--report", type=Path, help="write every finding to this CSV")
        parser.add_argument("--check", action="store_true", help="show it and write nothing")

    def handle(self, files, corpus, lead, report, check, **options):
        for path in files:
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        try:
            parts = read_published(options["format"], files)
            for part in parts:
                show(self.stdout, part, "entry" if options["format"] in ENTRIES else "line", report)
            if report:
                write_report(report, parts)
                self.stdout.write(f"every finding: {report}")
            if check:
                self.stdout.write("Nothing was written.")
                return
            with transaction.atomic():
                store_published(corpus_called(corpus, lead), options["format"], parts)
        except UserError as error:
            raise CommandError(f"{translate_error(error)} Nothing was imported.") from error
        except OSError as error:
            raise CommandError(f"{error}. Nothing was imported.") from error
        self.stdout.write(f"imported into {corpus}")


def corpus_called(name, lead):
    """The corpus of this name, made if there is none."""
    found = Corpus.objects.filter(name=name).first()
    if found:
        return found
    if not lead:
        found = Corpus(name=name)
        check_lengths(found)
        found.save()
        return found
    person = Person.objects.filter(username=lead).first()
    if person is None:
        raise UserError(f"There is no person called {lead!r}.")
    return Corpus.create(person, name=name)


def show(out, part, unit, report):
    """What one source would hold, and what is odd in it."""
    table = part.table
    bare = len(table.rows) - part.labelled
    without = f", {bare} utterances without labels" if bare else ""
    out.write(
        f"{part.title}: {len(table.dialogues)} dialogues, {part.labelled} labelled"
        f" utterances{without}, {part.labels} labels; {table.unlabelled} rows without a label"
        " left out"
    )
    if table.ignored:
        out.write(f"  columns not imported: {', '.join(table.ignored)}")
    shown = [problem for problem in table.problems if problem.reason not in (BLANK, NO_LABEL)]
    for problem in shown[:SHOWN]:
        place = [f"{unit} {problem.line}" if problem.line else "", problem.column]
        value = problem.value
        if len(value) > WHOLE:
            value = f"{value[:WHOLE]}… ({len(value)} characters)"
        out.write(
            f"  {', '.join([part.title, *filter(None, place)])}:"
            f" {problem.outcome} {value!r}: {translate(problem.reason, problem.details)}"
        )
    more = len(shown) - SHOWN
    if more > 0:
        where = f"see {report}" if report else "--report FILE writes all of them"
        out.write(f"  and {more} more; {where}")


def write_report(path, parts):
    """Every finding as CSV: file, line, column, value, outcome, reason."""
    with path.open("w", encoding="utf-8", newline="") as file:
        header = ["file", "line", "column", "value", "outcome", "reason"]
        file.writelines(csv_lines(header, _problem_rows(parts)))


def _problem_rows(parts):
    for part in parts:
        for problem in part.table.problems:
            why = translate(problem.reason, problem.details)
            place = [part.title, problem.line, problem.column]
            yield [*place, problem.value, problem.outcome, why]
