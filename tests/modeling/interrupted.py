"""The learner's command line, which sends itself a signal once it has reported so many epochs.

python -m tests.modeling.interrupted SIGNAL EPOCHS train RELEASE …
"""

import os
import sys

from modeling.learner.command_line import main
from modeling.learner.run_directory import RunDirectory


def interrupt(signal, epochs):
    emit = RunDirectory.emit

    def emit_and_interrupt(run, event):
        emit(run, event)
        if event["event"] == "epoch" and event["epoch"] >= epochs:
            os.kill(os.getpid(), signal)

    RunDirectory.emit = emit_and_interrupt


if __name__ == "__main__":
    interrupt(*map(int, sys.argv[1:3]))
    sys.exit(main(sys.argv[3:]))
