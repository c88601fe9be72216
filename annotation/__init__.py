"""What people judged: scheme, rounds, assignments, judgements, agreement, consensus, gold."""
