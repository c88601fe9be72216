#!/usr/bin/env python
"""Run a management command of Shengqing."""

import os
import sys

from django.core.management import execute_from_command_line

from core.input_checks import fault_of

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if garbled := [argument for argument in sys.argv if fault_of(argument)]:
        sys.exit(f"The argument {garbled[0]!a} is not UTF-8; nothing was done.")
    execute_from_command_line(sys.argv)
