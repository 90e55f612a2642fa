"""The audit log in SQLite: how it is written, queried and verified."""
