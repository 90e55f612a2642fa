"""All of SQLite: the append-only audit log, how to ask it, and how to check that nobody touched it."""
