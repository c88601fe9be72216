import unicodedata
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation.models import Assignment, Round
from corpus import tabular
from corpus.complaints import Complaint, gettext_noop
from corpus.jobs import Refused, said, sentence

COLUMNS = ("annotator", "utterance", "task", "value")
SHOWN = 20  # bad lines that are listed


class Command(BaseCommand):
    help = (
        "Save answers from a table (CSV, TSV, XLSX, JSONL) with the columns annotator, utterance,"
        " task, value, and hand in the dialogues that they complete. All of the file or none of it."
    )

    def add_arguments(self, parser):
        parser.add_argument("round", type=int, help="the round's number")
        parser.add_argument("file", type=Path)
        parser.add_argument("--encoding", default="", help="of the file; default: found")
        parser.add_argument("--sheet", default="", help="of a spreadsheet; default: the first")
        parser.add_argument("--check", action="store_true", help="say what is wrong, save nothing")

    def handle(self, round, file, encoding, sheet, check, **options):
        found = Round.objects.filter(pk=round).first()
        if found is None:
            raise CommandError(f"There is no round {round}.")
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        table = self._read(file, encoding, sheet)
        bad = {p.line: said(p.reason, p.details) for p in table.problems if p.outcome == "rejected"}
        rows = self._rows(table, bad)
        with transaction.atomic():
            touched = self._label_all(found, rows, bad)
            if bad:
                raise CommandError(_all_of(file, bad))
            handed_in = [a for a in dict.fromkeys(touched) if not a.missing()]
            if check:
                transaction.set_rollback(True)
            for assignment in handed_in if not check else ():
                assignment.submit()
        counts = f"{len(touched)} answers", f"{len(handed_in)} dialogues"
        if check:
            self.stdout.write(f"{counts[0]} can be saved, {counts[1]} handed in; nothing was saved")
        else:
            self.stdout.write(f"{counts[0]} saved, {counts[1]} handed in")

    def _read(self, file, encoding, sheet):
        """The table, with what was read and is doubtful said."""
        try:
            data = file.read_bytes()
            table = tabular.read(file.name, data, encoding=encoding, sheet=sheet, expected=COLUMNS)
            missing = [name for name in COLUMNS if name not in table.columns]
            if missing:
                raise CommandError(
                    f"{file}, line 1: expected the columns {', '.join(COLUMNS)}; missing:"
                    f" {', '.join(missing)}; found: {', '.join(table.columns)}."
                )
            twice = set(COLUMNS) & set(table.repeated)
            if twice:
                raise CommandError(f"{file}, line 1: the column {min(twice)} stands twice.")
            table.require_rows()
        except (Complaint, OSError) as error:
            words = sentence(error) if isinstance(error, Complaint) else str(error)
            raise CommandError(f"{file}: {words} Nothing was saved.") from error
        how = [table.encoding, f"delimiter {table.delimiter!r}" if table.delimiter else ""]
        how += [f"sheet {table.sheet}" if table.sheet else ""]
        self.stdout.write(f"{file.name}: {len(table.rows)} rows ({', '.join(filter(None, how))})")
        for problem in table.problems:
            if problem.outcome != "rejected":
                why = said(problem.reason, problem.details)
                self.stdout.write(f"  line {problem.line} {problem.column}: {why}")
        return table

    def _rows(self, table, bad):
        """(line, annotator, utterance, task, value) of every row; what is wrong goes to `bad`."""
        rows, lines = [], {}
        for row in table.rows:
            cells = [row.cells[name].strip() for name in COLUMNS]
            if not any(cells):
                continue
            empty = [name for name, cell in zip(COLUMNS, cells, strict=True) if not cell]
            question = tuple(cells[:3])
            if empty:
                bad[row.line] = f"the cell {empty[0]} is empty."
            elif first := lines.get(question):
                who, utterance, task = question
                bad[row.line] = f"{who} answers {task} of {utterance} in line {first} as well."
            else:
                lines[question] = row.line
                rows.append((row.line, *cells))
        return rows

    def _label_all(self, round, rows, bad):
        """Save every row; the assignment of each."""
        touched = []
        for line, *cells in rows:
            try:
                with transaction.atomic():
                    touched.append(self._label(round, line, *cells))
            except Complaint as error:
                bad[line] = sentence(error)
        return touched

    def _label(self, round, line, annotator, utterance, task, value):
        task, value = self._known(round.scheme, line, task, value)
        own = Assignment.objects.filter(
            round=round,
            person__username=annotator,
            dialogue__utterances__uid=utterance,
            dialogue__utterances__retired=False,
        )
        assignment = own.select_related("round__scheme_version").first()
        assignment = assignment or self._assigned(round, annotator, utterance)
        if assignment is None:
            raise self._not_given(round, annotator, utterance)
        assignment.label(assignment.dialogue.utterances.get(uid=utterance), task, value)
        return assignment

    def _known(self, scheme, line, task, value):
        """Task and value as the scheme writes them, where case and width are all that differ."""
        task_key = _one_of(task, scheme.keys)
        value_key = _one_of(value, scheme[task_key].keys)
        for given, key in ((task, task_key), (value, value_key)):
            if given != key:
                self.stdout.write(f"  line {line}: {given!r} read as {key}")
        return task_key, value_key

    def _not_given(self, round, annotator, utterance):
        rows = round.corpus.utterances.filter(uid=utterance, retired=False)
        if not rows.exists():
            return Refused(
                gettext_noop("The corpus has no utterance “%(utterance)s”."), utterance=utterance
            )
        if not round.participants.filter(person__username=annotator).exists():
            return Refused(
                gettext_noop("Nobody called “%(annotator)s” takes part in the round."),
                annotator=annotator,
            )
        return Refused(
            gettext_noop("%(utterance)s was not given to %(annotator)s in this round."),
            utterance=utterance,
            annotator=annotator,
        )

    def _assigned(self, round, annotator, utterance):
        """The dialogue, given to somebody who takes part in the round and does not have it yet."""
        place = round.places.filter(
            dialogue__utterances__uid=utterance, dialogue__utterances__retired=False
        ).first()
        seat = round.participants.filter(person__username=annotator, left_at=None).first()
        try:
            return seat.assign(None, place) if seat and place else None
        except Refused:
            return None


def _one_of(word, keys):
    """The key that `word` is but for case and width; `word` where there is none, or several."""
    found = [key for key in keys if _folded(key) == _folded(word)]
    return found[0] if word not in keys and len(found) == 1 else word


def _folded(word):
    return " ".join(unicodedata.normalize("NFKC", word).split()).casefold()


def _all_of(file, bad):
    lines = [f"{file}, line {line}: {why}" for line, why in sorted(bad.items())]
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], f"and {len(lines) - SHOWN} more lines."]
    return "\n".join(lines) + " Nothing was saved."
