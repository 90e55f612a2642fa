"""Starts, resumes, follows, steers and takes over runs."""
