import json as json_module

from django.core.management.base import BaseCommand, CommandError

from annotation.agreement import item_counts
from annotation.quality import annotator_activity
from corpus.models import Corpus, Source, Utterance
from people.models import Person


class Command(BaseCommand):
    help = (
        "Look for what chance would hardly make in the labels of a corpus: copied blocks and"
        " periods, one answer over and over, drift, correlations that do not depend on their"
        " parents, and more. The findings also stand on the quality page of each round."
    )

    def add_arguments(self, parser):
        parser.add_argument("corpus", help="its name")
        parser.add_argument("--round", type=int, help="only the round with this number")
        parser.add_argument("--json", action="store_true")

    def handle(self, corpus, round, json, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        rounds = found.rounds.order_by("pk")
        if round is not None:
            rounds = rounds.filter(pk=round)
            if not rounds:
                raise CommandError(f"{corpus!r} has no round {round}.")
        flags = []
        for one in rounds:
            item_counts.catch_up(one)
            quality_flags = sorted(
                annotator_activity.findings(one), key=lambda flag: -flag.neg_log10_p
            )
            annotator_activity.store(one, quality_flags)
            flags += [(one, flag) for flag in quality_flags]
        if json:
            rows = [described(one, flag) for one, flag in flags]
            self.stdout.write(json_module.dumps(rows, ensure_ascii=False, indent=1))
            return
        for one, flag in flags:
            self.stdout.write(sentence(described(one, flag)))
        self.stdout.write(f"{len(flags)} findings in {len(rounds)} rounds; they are no verdicts")


def described(round, flag):
    """A finding with names instead of ids."""
    source, evidence = flag.evidence.get("source"), dict(flag.evidence)
    if ends := evidence.pop("ends", None):
        names = Utterance.all_objects.in_bulk({pk for pair in ends for pk in pair})
        evidence["utterances"] = [[names[pk].uid for pk in pair] for pair in ends]
    evidence.pop("source", None)
    return {
        "round": round.name,
        "kind": str(flag.kind),
        "person": Person.objects.get(pk=flag.person).username if flag.person else None,
        "task": flag.task,
        "source": Source.objects.get(pk=source).title if source else None,
        "count": flag.count,
        "neg_log10_p": float(f"{flag.neg_log10_p:.1f}"),
        "surprise": float(f"{flag.neg_log10_p:.1f}"),  # as it was called before
        "evidence": evidence,
    }


def sentence(row):
    place = " · ".join(filter(None, [row["source"] or row["round"], row["person"], row["task"]]))
    evidence = row["evidence"]
    spans = ", ".join(f"{start}–{end}" for start, end in evidence.get("spans", []))
    said = {
        "copied": lambda: (
            f"period {evidence['lag']}: answers {spans} repeat what stands {evidence['lag']}"
            f" answers before ({evidence['equal']:.1%} of them,"
            f" {evidence['by_chance']:.0%} by chance);"
            f" {', '.join(' to '.join(pair) for pair in evidence['utterances'])}"
        ),
        "monotone": lambda: f"answers {spans} are all {evidence['value']}",
        "detached": lambda: (
            f"Cramér's V with its parents is {evidence['v']:.3f} over {evidence['of']} judgements"
        ),
        "drift": lambda: (
            f"as the others say in {evidence['first']:.0%} of the first half and"
            f" {evidence['second']:.0%} of the second"
        ),
        "fast": lambda: (
            f"{evidence['dialogues']} of {evidence['of']} dialogues faster than the film"
        ),
        "gold": lambda: f"{evidence['right']} of {evidence['of']} gold answers right",
        "rules": lambda: f"{row['count']} of {evidence['of']} against the rule {evidence['rule']}",
    }[row["kind"]]()
    return f"{row['kind']}: {place}: {said} (by chance once in 10^{row['neg_log10_p']} rounds)"
