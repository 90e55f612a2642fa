"""What a terminal shows: tables, the live view, prompts, and what a CI job is told."""
