"""The embedded default: a sample repository and a scripted model, so that everything can be seen without a key."""
