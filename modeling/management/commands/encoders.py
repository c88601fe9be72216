from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from core.errors import UserError
from core.translation import translate_error
from modeling import encoder_storage, encoders
from modeling.encoder_catalogue import CATALOGUE, offer_of
from modeling.encoder_download import download, look_up

UNSTATED = "not stated: see its card"


class Command(BaseCommand):
    help = "Pretrained encoders: list them, download one from a hub, import one from disk."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="what is installed, and what can be downloaded by name")
        pull = verbs.add_parser("pull", help="download an encoder")
        pull.add_argument("repo", help="a name of the list, or OWNER/NAME of the hub")
        pull.add_argument("--revision", default="", help="branch, tag or commit; newest if none")
        pull.add_argument("--endpoint", default="", help="a hub or mirror instead of HF_ENDPOINT")
        pull.add_argument("--name", default="", help="of its directory; that of the repository")
        pull.add_argument("--dry-run", action="store_true", help="only say what would come")
        add = verbs.add_parser("import", help="take an encoder from a directory or a ZIP")
        add.add_argument("path", type=Path)
        add.add_argument("--name", default="", help="of its directory; that of the path")

    def handle(self, *, verb, **options):
        try:
            {"list": self.list, "pull": self.pull, "import": self.take}[verb](options)
        except UserError as error:
            raise CommandError(translate_error(error)) from error

    def list(self, _options):
        """Print what is there and what can be had."""
        found = encoders.installed()
        self.stdout.write("Installed:" if found else "Installed: none")
        for encoder in found:
            self._line(
                encoder.name, encoder.modality, encoder.dims, encoder.bytes, encoder.licence,
                encoder.origin.get("digest", ""),
            )  # fmt: skip
        for name, reason in encoders.broken():
            self.stdout.write(f"  {name}: {reason}")
        for name in encoders.arriving():
            self.stdout.write(f"  {name}: in the object store, and not yet on this host")
        self.stdout.write("\nTo download:")
        for offer in CATALOGUE:
            self._line(
                offer.name, offer.modality, offer.dims, offer.bytes, offer.licence, str(offer.note)
            )

    def pull(self, options):
        """Download an encoder, after what it is has been said."""
        offer = offer_of(options["repo"])
        repo = offer.repo if offer else options["repo"]
        name = options["name"] or repo.split("/")[-1]
        encoder_storage.guard_name(name)
        remote = look_up(repo, options["revision"], options["endpoint"])
        self.stdout.write(
            f"{remote.repo} at {remote.revision} from {remote.endpoint}\n"
            f"  {len(remote.files)} files, {filesizeformat(remote.bytes)};"
            f" {filesizeformat(encoder_storage.free_bytes())} free\n"
            f"  licence: {remote.licence or UNSTATED}"
        )
        encoder_storage.guard_space(remote.bytes)
        if options["dry_run"]:
            return
        shown = -1

        def progress(done):
            nonlocal shown
            percent = int(100 * done / max(1, remote.bytes))
            if percent >= shown + 5 or (percent == 100 and shown < 100):
                shown = percent
                self.stdout.write(f"  {percent} %")

        download(remote, name, progress)
        self._done(encoder_storage.establish(name, remote.origin))

    def take(self, options):
        """Take an encoder from disk."""
        path = options["path"]
        name = options["name"] or (path.name if path.is_dir() else path.stem)
        encoder_storage.guard_name(name)
        if not path.exists():
            raise CommandError(f"There is no {path}.")
        take = encoder_storage.take_directory if path.is_dir() else encoder_storage.take_archive
        try:
            if left_out := take(path, name):
                self.stdout.write(f"Left out, as no encoder needs it: {', '.join(left_out)}")
            self._done(encoder_storage.establish(name, {"archive": path.name}))
        finally:
            encoder_storage.discard_partial(name)

    def _line(self, name, modality, dims, size, licence, more):
        self.stdout.write(
            f"  {name:34} {modality:6} {dims:5} {filesizeformat(size):>9}"
            f"  {licence or UNSTATED}  {more}"
        )

    def _done(self, encoder):
        self.stdout.write(
            f"{encoder.name}: {encoder.modality}, {encoder.dims} dimensions, digest"
            f" {encoder.origin['digest']}, licence {encoder.licence or UNSTATED}"
        )
