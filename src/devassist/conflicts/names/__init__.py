"""Which definition a name refers to, across the files of one tree."""
