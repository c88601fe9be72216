"""SQLite where many write at once: whoever waits to write is woken, in turn, instead of polling."""
