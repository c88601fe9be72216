from django.core.management.base import BaseCommand, CommandError

from people.models import Event
from releases import push
from releases.lookup import frozen_release


class Command(BaseCommand):
    help = "Copy a frozen release to a folder or an S3 bucket; again goes on where it broke off."

    def add_arguments(self, parser):
        parser.add_argument("version")
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--to", required=True, help="a folder, or s3://BUCKET/PREFIX")
        parser.add_argument("--endpoint", help="of an S3-compatible store that is not Amazon's")

    def handle(self, version, corpus, to, endpoint, **options):
        release = frozen_release(version, corpus)
        if release.is_withdrawn:
            raise CommandError(f"{release} is withdrawn: {release.retraction.reason}")
        more = {"endpoint_url": endpoint} if endpoint else {}
        try:
            target = push.target_of(to, **more)
            sent, whole = push.push(release.directory_with_media, target, self.stdout.write)
        except (push.PushError, OSError, ValueError) as error:  # also an endpoint that is none
            raise CommandError(str(error)) from error
        Event.record(None, "push", release, to=to, files=sent)
        self.stdout.write(f"OK {sent} of {whole} files sent, all verified; digest {release.digest}")
