"""Who owns a run: which thread decides what happens next."""
