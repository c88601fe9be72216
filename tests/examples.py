"""How many examples a test draws that searches for odd cases."""

import os


def examples(most: int) -> int:
    """`most` on the embedded database. On a second one, whose own part is that every statement
    runs there too, a quarter of them.
    """
    return max(1, most // 4) if os.environ.get("DATABASE_URL") else most
