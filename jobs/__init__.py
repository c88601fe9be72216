"""Background jobs: rows that workers claim, keep alive, finish, and take up from the dead."""
