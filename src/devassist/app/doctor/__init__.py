"""What is damaged in this repository or environment, and how it is repaired."""
