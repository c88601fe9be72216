from django.core.management.base import BaseCommand

from jobs.recovery import requeue_stale


class Command(BaseCommand):
    help = "Put work whose worker has died back into the queue. Workers do so by themselves."

    def add_arguments(self, parser):
        parser.add_argument(
            "--everything",
            action="store_true",
            help="no worker is running: put all queued and running work back",
        )

    def handle(self, everything=False, **options):
        count = requeue_stale(everything)
        if options["verbosity"]:
            self.stdout.write(f"{count} put back into the queue")
