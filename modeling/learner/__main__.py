"""`python -m modeling.learner`; see command_line.py."""

import sys

from modeling.learner.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
