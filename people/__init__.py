"""Who did it: persons, invitations, tokens, the audit Event."""
