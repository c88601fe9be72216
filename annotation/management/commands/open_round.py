from django.core.management.base import BaseCommand, CommandError

from annotation.rounds import open_round
from core.command_options import name as name_of
from core.command_options import whole
from core.errors import UserError
from core.translation import translate_error
from corpus.models import Corpus
from people.models import Person


class Command(BaseCommand):
    help = "Open a round on all published dialogues of a corpus."

    def add_arguments(self, parser):
        parser.add_argument("name", type=name_of(80))
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--annotators", nargs="+", required=True, help="usernames")
        parser.add_argument(
            "--openly",
            nargs="*",
            default=[],
            help="usernames among them: leads and adjudicators who see others' answers meanwhile",
        )
        parser.add_argument("--overlap", type=whole(1), default=3, help="people per dialogue")
        parser.add_argument("--seed", type=whole(), default=0)

    def handle(self, name, corpus, annotators, overlap, seed, openly, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        people = list(Person.objects.filter(username__in=annotators))
        unknown = set(annotators) - {person.username for person in people}
        if unknown:
            raise CommandError(f"There is nobody called {', '.join(sorted(unknown))}.")
        if stray := sorted(set(openly) - set(annotators)):
            raise CommandError(f"--openly names nobody of --annotators: {', '.join(stray)}.")
        if found.rounds.filter(name=name).exists():
            raise CommandError(f"{corpus!r} has a round called {name!r} already.")
        dialogues = found.dialogues.published()
        frank = [person for person in people if person.username in openly]
        try:
            opened = open_round(
                None, found, name, dialogues, people, overlap, seed=seed, openly=frank
            )
        except UserError as error:
            raise CommandError(translate_error(error)) from error
        self.stdout.write(f"round {opened.pk}: {opened.round_items.count()} dialogues")
