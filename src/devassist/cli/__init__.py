"""The command line: it parses, calls one use case of `app`, and draws the answer."""
