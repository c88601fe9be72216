from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation.answers import save_answer, submit_assignment
from annotation.management.input_table import InputTable, one_of
from annotation.models import Assignment, Round
from annotation.queue.dispatch import assign
from core.errors import UserError, gettext_noop
from core.translation import translate_error

COLUMNS = ("annotator", "utterance", "task", "value")
QUESTION = 3  # the first columns, which say what is answered


class Command(BaseCommand):
    help = (
        "Save answers from a table (CSV, TSV, XLSX, JSONL) with the columns annotator, utterance,"
        " task, value, and hand in the dialogues that they complete. All of the file or none of it."
    )

    def add_arguments(self, parser):
        parser.add_argument("round", type=int, help="the round's number")
        parser.add_argument("file", type=Path)
        InputTable.add_arguments(parser)

    def handle(self, round, file, encoding, sheet, check, **options):
        found = Round.objects.filter(pk=round).first()
        if found is None:
            raise CommandError(f"There is no round {round}.")
        table = InputTable(file, COLUMNS, encoding, sheet)
        table.describe(self.stdout.write)
        with transaction.atomic():
            touched = self._label_all(found, table)
            table.refuse_bad()
            submitted = [a for a in dict.fromkeys(touched) if not a.missing()]
            if check:
                transaction.set_rollback(True)
            for assignment in submitted if not check else ():
                submit_assignment(assignment)
        counts = f"{len(touched)} answers", f"{len(submitted)} dialogues"
        if check:
            self.stdout.write(f"{counts[0]} can be saved, {counts[1]} handed in; nothing was saved")
        else:
            self.stdout.write(f"{counts[0]} saved, {counts[1]} handed in")

    def _label_all(self, round, table):
        """Save every row; the assignment of each."""
        touched = []
        for line, cells in table.rows(QUESTION):
            try:
                with transaction.atomic():
                    touched.append(self._label(round, line, *cells))
            except UserError as error:
                table.bad[line] = translate_error(error)
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
        save_answer(assignment, assignment.dialogue.utterances.get(uid=utterance), task, value)
        return assignment

    def _known(self, scheme, line, task, value):
        """Task and value as the scheme writes them, where case and width are all that differ."""
        task_key = one_of(task, scheme.keys)
        value_key = one_of(value, scheme[task_key].keys)
        for given, key in ((task, task_key), (value, value_key)):
            if given != key:
                self.stdout.write(f"  line {line}: {given!r} read as {key}")
        return task_key, value_key

    def _not_given(self, round, annotator, utterance):
        rows = round.corpus.utterances.filter(uid=utterance, retired=False)
        if not rows.exists():
            return UserError(
                gettext_noop("The corpus has no utterance “%(utterance)s”."), utterance=utterance
            )
        if not round.participants.filter(person__username=annotator).exists():
            return UserError(
                gettext_noop("Nobody called “%(annotator)s” takes part in the round."),
                annotator=annotator,
            )
        return UserError(
            gettext_noop("%(utterance)s was not given to %(annotator)s in this round."),
            utterance=utterance,
            annotator=annotator,
        )

    def _assigned(self, round, annotator, utterance):
        """The dialogue, given to somebody who takes part in the round and does not have it yet."""
        item = round.round_items.filter(
            dialogue__utterances__uid=utterance, dialogue__utterances__retired=False
        ).first()
        seat = round.participants.filter(person__username=annotator, left_at=None).first()
        try:
            return assign(seat, None, item) if seat and item else None
        except UserError:
            return None
