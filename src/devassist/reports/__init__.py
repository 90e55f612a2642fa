"""What is told of a run: Markdown, HTML, JUnit and run.json."""
