"""What a worker does for a DemoJob."""

from demo.load import load_for
from demo.models import DemoJob
from demo.removal import remove


def do(job: DemoJob) -> None:
    """Load the demo corpus, or remove it."""
    if job.kind == DemoJob.Kind.LOAD:
        load_for(job)
    else:
        remove(job)
