"""How commits, trees, refs and blobs are read and written."""
