import json

from django.core.management.base import BaseCommand, CommandError

from releases import diff
from releases.lookup import release_directory
from releases.matching import HOW


class Command(BaseCommand):
    help = "Say what is different between two releases: dialogues, splits, words, times, labels."

    def add_arguments(self, parser):
        parser.add_argument("one", help="CORPUS@VERSION, or a release directory")
        parser.add_argument("other")
        parser.add_argument(
            "--match",
            choices=HOW,
            default="auto",
            help="what utterances are matched by: their ids, their text with speaker and place, or"
            " (auto, the default) ids where the texts agree with them and else the content",
        )
        parser.add_argument("--json", action="store_true", help="the summary as JSON")
        parser.add_argument("--rows", action="store_true", help="every change, one JSON a line")

    def handle(self, one, other, **options):
        try:
            roots = release_directory(one), release_directory(other)
            result = diff.diff_releases(*roots, how=options["match"])
        except (OSError, KeyError, ValueError) as error:
            raise CommandError(f"One of the two is no whole release: {error!r}") from error
        if options["rows"]:
            for change in result.changes:
                self.stdout.write(json.dumps(change, ensure_ascii=False))
        elif options["json"]:
            self.stdout.write(json.dumps(result.summary, ensure_ascii=False, indent=1))
        else:
            self._say(result.summary)

    def _say(self, summary):
        names = [f"{row['corpus']} {row['version']}" for row in summary["releases"]]
        self.stdout.write(" → ".join(names))
        matching = summary["matching"]
        ids = matching["ids"]
        self.stdout.write(
            f"matched by id {matching['id']}, by content {matching['content']}, ambiguous"
            f" {matching['ambiguous']}"
        )
        if not ids["trusted"] and matching["how"] == "auto" and ids["common"]:
            self.stdout.write(
                f"  ids are not compared: of {ids['common']} in both releases {ids['agreeing']}"
                " have texts that are alike"
            )
        for noun, moves in (("dialogues", "moves"), ("utterances", "utterance_moves")):
            counts = ", ".join(f"{name} {n}" for name, n in summary[noun].items())
            self.stdout.write(f"{noun}: {counts}")
            for move, count in summary[moves].items():
                self.stdout.write(f"  {move}: {count} {noun}")
        for task, row in summary["labels"].items():
            share = "" if row["share"] is None else f" ({100 * row['share']:.1f} %)"
            alphas = " → ".join(_alpha(alpha) for alpha in row["alpha"])
            self.stdout.write(
                f"{task}: {row['changed']} of {row['compared']} labels changed{share}, gained"
                f" {row['gained']}, lost {row['lost']}; alpha {alphas}"
            )


def _alpha(alpha):
    if alpha is None or alpha["value"] is None:
        return "undefined"
    ends = "" if alpha["low"] is None else f" [{alpha['low']:.3f}, {alpha['high']:.3f}]"
    return f"{alpha['value']:.3f}{ends}"
