"""SIGTERM as a request to stop between two training steps."""

import signal


class Interrupted(Exception):
    """The run was asked to stop."""


class StopSignal:
    """Remembers that SIGTERM came, so that the run can end between two steps."""

    def __init__(self) -> None:
        self.received = False
        signal.signal(signal.SIGTERM, self._remember)

    def _remember(self, *_: object) -> None:
        self.received = True

    def check(self) -> None:
        """Raises Interrupted where it came."""
        if self.received:
            raise Interrupted
