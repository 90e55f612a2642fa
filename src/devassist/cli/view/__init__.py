"""The output of commands: tables, the live view, prompts, and annotations of a CI job."""
