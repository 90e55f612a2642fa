"""What is told of a run: for a reviewer, for a browser, for a machine that reads test results."""
