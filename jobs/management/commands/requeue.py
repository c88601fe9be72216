from django.core.management.base import BaseCommand

from jobs.recovery import put_back, requeue_stale


class Command(BaseCommand):
    help = "Put work whose worker has died back into the queue. Workers do so by themselves."

    def add_arguments(self, parser):
        parser.add_argument(
            "--everything",
            action="store_true",
            help="no worker is running: put all queued and running work back",
        )

        parser.add_argument(
            "--stopped",
            action="store_true",
            help="the workers were stopped on purpose: let running work wait for their return",
        )

    def handle(self, everything=False, stopped=False, **options):
        count = put_back() if stopped else requeue_stale(everything)
        if options["verbosity"]:
            self.stdout.write(f"{count} put back into the queue")
