"""Database backends: SQLite with a queue for writers, PostgreSQL with snapshots."""
