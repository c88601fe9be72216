"""`python -m annotation.agreement TABLE`: agreement of a table of judgements in a file."""

import sys

from annotation.agreement.table_report import main

if __name__ == "__main__":
    sys.exit(main())
