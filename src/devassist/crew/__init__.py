"""How one CrewAI crew runs inside a worker process."""
