"""Webhooks: what happens in a corpus is told to addresses that its leads have chosen."""
