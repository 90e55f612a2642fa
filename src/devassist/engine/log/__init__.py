"""What the run knows: its journal and its earlier attempts."""
