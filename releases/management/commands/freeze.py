from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from annotation.agreement.item_counts import catch_up_all
from annotation.models import Round
from core.command_options import whole
from core.errors import UserError
from corpus.models import Corpus
from jobs.models import JobStatus
from releases.integrity import NAMED, decision, faulty_dialogues, undecided
from releases.models import LICENCES, Release, semantic_version
from releases.models.releases import three_shares
from releases.open_findings import open_findings


class Command(BaseCommand):
    help = "Freeze a release of a corpus, here and now; what is still open is named before."

    def add_arguments(self, parser):
        parser.add_argument("version", help="such as 1.0.0")
        parser.add_argument("--corpus", required=True)
        parser.add_argument(
            "--rounds", nargs="*", type=whole(1), help="numbers; default: all rounds"
        )
        parser.add_argument("--licence", default="cc-by-nc-4.0", choices=[k for k, _ in LICENCES])
        parser.add_argument("--media", default="dialogues", choices=Release.Media.values)
        parser.add_argument("--speakers", default="names", choices=Release.Speakers.values)
        parser.add_argument(
            "--split-unit",
            "--apart",  # its former name
            default="dialogue",
            choices=Release.SplitUnit.values,
        )
        parser.add_argument("--shares", default="70/15/15", help="of train, valid and test")
        parser.add_argument("--anew", action="store_true", help="do not keep earlier splits")
        parser.add_argument("--seed", type=whole(), default=1, help="of the splits")
        parser.add_argument(
            "--exclude",
            action="append",
            default=[],
            metavar="DIALOGUE",
            help="leave out this dialogue, in which the integrity check finds errors",
        )
        parser.add_argument(
            "--accept",
            action="append",
            default=[],
            metavar="DIALOGUE=REASON",
            help="accept the errors of this dialogue; the reason stands in the release",
        )
        parser.add_argument(
            "--accept-all-because", metavar="REASON", help="accept the errors of all others"
        )

    def handle(self, version, corpus, rounds, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        chosen = Round.objects.filter(corpus=found, kind="judging")
        if rounds:
            chosen = chosen.filter(pk__in=rounds)
            unknown = sorted(set(rounds) - set(chosen.values_list("pk", flat=True)))
            if unknown:
                names = ", ".join(map(str, unknown))
                raise CommandError(f"{corpus!r} has no round {names} whose answers can be frozen.")
        try:
            semantic_version(version)
            three_shares(options["shares"])
            named = ("licence", "media", "speakers", "split_unit", "shares", "seed")
            fields = {name: options[name] for name in named}
            fields["decisions"] = self._decisions(list(chosen), options)
            release = Release.request(
                None, found, version, list(chosen), keep_splits=not options["anew"], **fields
            )
        except (UserError, ValidationError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        self._name_open(list(chosen))
        release.run()
        if release.status != JobStatus.DONE:
            raise CommandError(release.failure_text)
        self.stdout.write(f"{release}: {release.digest}\n{release.directory}")

    def _decisions(self, rounds, options):
        """What is to be done about each dialogue with errors. Raises CommandError if one is left.

        Raises UserError where errors are accepted without a reason.
        """
        faulty = {each.uid: each for each in faulty_dialogues(rounds, options["media"])}
        made = {uid: decision(_named(uid, faulty), "exclude", "") for uid in options["exclude"]}
        for words in options["accept"]:
            uid, reason = _parted(words, faulty)
            made[uid] = decision(_named(uid, faulty), "accept", reason)
        if reason := options["accept_all_because"]:
            made = {uid: decision(each, "accept", reason) for uid, each in faulty.items()} | made
        left = undecided(list(faulty.values()), list(made.values()))
        if left:
            named = "; ".join(f"{each.uid}: {', '.join(each.kinds)}" for each in left[:NAMED])
            raise CommandError(
                f"The integrity check finds errors in {len(left)} dialogues: {named}"
                f"{'; …' if len(left) > NAMED else ''}. Mend them, or say --exclude DIALOGUE,"
                " --accept DIALOGUE=REASON or --accept-all-because REASON."
            )
        return list(made.values())

    def _name_open(self, rounds):
        """Say what nobody has answered yet; the release counts it, too."""
        catch_up_all(rounds)
        groups = open_findings(rounds)
        if groups:
            self.stderr.write("Open findings:")
        for group in groups:
            more = "" if group.count <= len(group.places) else ", …"
            places = "; ".join(group.places)
            self.stderr.write(f"  {group.count} × {group.name} ({places}{more})")


def _named(uid, faulty):
    if uid not in faulty:
        raise CommandError(f"The integrity check finds no error in a submitted dialogue {uid!r}.")
    return faulty[uid]


def _parted(words, faulty):
    """(dialogue, reason) of DIALOGUE=REASON; an id may have = in it."""
    fitting = [uid for uid in faulty if words.startswith(f"{uid}=")]
    uid = max(fitting, key=len, default=words.partition("=")[0])
    return uid, words[len(uid) + 1 :]
