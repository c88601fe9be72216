"""Ports for servers that tests start."""

import random
import socket

RANGE = range(20_000, 32_000)  # below the ports that the kernel gives to whoever asks for any


def free_port():
    """A port on which nobody listens; nobody else gets it before the test's server takes it."""
    draw = random.SystemRandom()  # Hypothesis seeds the shared one
    while True:
        port = draw.choice(RANGE)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
