import json

from django.core.management.base import BaseCommand, CommandError

from annotation.agreement.measures import ends, measure
from annotation.models import Round


class Command(BaseCommand):
    help = "Krippendorff's alpha per task and correlation of a round."

    def add_arguments(self, parser):
        parser.add_argument("round", type=int, help="the round's number")
        parser.add_argument("--json", action="store_true")

    def handle(self, round, json, **options):
        found = Round.objects.filter(pk=round).select_related("scheme_version").first()
        if found is None:
            raise CommandError(f"There is no round {round}.")
        measures = measure([found], found.scheme)
        if json:
            self.stdout.write(_as_json(measures))
            return
        for m in measures:
            self.stdout.write(f"{m.task.key:<20} {_sentence(m)}")


def _as_json(measures):
    return json.dumps([m.to_json() for m in measures])


def _sentence(m):
    counts, found = f"{m.units} units, {m.judgements} judgements", ends(m.alpha)
    if found["value"] is None:
        return f"undefined ({found['undefined']}); {counts}"
    interval = "" if found["low"] is None else f" [{found['low']:.3f}, {found['high']:.3f}]"
    return f"α = {found['value']:.3f}{interval} ({m.reading}); {counts}"
