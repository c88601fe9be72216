import csv
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation.models import Assignment, Round
from annotation.scheme import SchemeError
from corpus.jobs import Refused

COLUMNS = ["annotator", "utterance", "task", "value"]


class Command(BaseCommand):
    help = (
        "Save answers from a CSV with the columns annotator, utterance, task, value, and hand in"
        " the dialogues that they complete. All of the file or none of it."
    )

    def add_arguments(self, parser):
        parser.add_argument("round", type=int, help="the round's number")
        parser.add_argument("file", type=Path)

    def handle(self, round, file, **options):
        found = Round.objects.filter(pk=round).first()
        if found is None:
            raise CommandError(f"There is no round {round}.")
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if rows.fieldnames is None or set(COLUMNS) - set(rows.fieldnames):
                raise CommandError(f"{file}, line 1: expected the columns {', '.join(COLUMNS)}.")
            with transaction.atomic():
                touched = [self._label(found, file, rows.line_num, row) for row in rows]
                handed_in = [a for a in dict.fromkeys(touched) if not a.missing()]
                for assignment in handed_in:
                    assignment.submit()
        self.stdout.write(f"{len(touched)} answers saved, {len(handed_in)} dialogues handed in")

    def _label(self, round, file, line, row):
        place = f"{file}, line {line}"
        assignment = (
            Assignment.objects.filter(
                round=round,
                person__username=row["annotator"],
                dialogue__utterances__uid=row["utterance"],
                dialogue__utterances__retired=False,
            )
            .select_related("round__scheme_version")
            .first()
        )
        assignment = assignment or self._assigned(round, row)
        if assignment is None:
            raise CommandError(
                f"{place}: {row['utterance']} was not given to {row['annotator']} in this round."
                " Nothing was saved."
            )
        utterance = assignment.dialogue.utterances.get(uid=row["utterance"])
        try:
            assignment.label(utterance, row["task"], row["value"])
        except (SchemeError, Refused) as error:
            raise CommandError(f"{place}: {error} Nothing was saved.") from error
        return assignment

    def _assigned(self, round, row):
        """The dialogue, given to somebody who takes part in the round and does not have it yet."""
        place = round.places.filter(
            dialogue__utterances__uid=row["utterance"], dialogue__utterances__retired=False
        ).first()
        seat = round.participants.filter(person__username=row["annotator"], left_at=None).first()
        try:
            return seat.assign(None, place) if seat and place else None
        except Refused:
            return None
