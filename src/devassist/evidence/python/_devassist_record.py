"""Writes what happens in one process to a file of its own, one JSON line per event, as it happens."""

import json
import os
import time

# Bound here, so that tests that replace functions of these modules do not redirect the record.
_close, _dumps, _getpid, _open, _write = os.close, json.dumps, os.getpid, os.open, os.write
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class Record:
    """The file of the process `owner`."""

    def __init__(self, results):
        self.owner = _getpid()
        for attempt in range(100):
            name = "python-%020d-%d-%d.jsonl" % (time.time_ns(), self.owner, attempt)
            self.path = os.path.join(results, name)
            try:
                _close(_open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                continue
            return
        raise FileExistsError(results)

    def write(self, event):
        """Opened anew each time: a descriptor that a test closes could be another file by the next event."""
        line = (_dumps(event) + "\n").encode("ascii")
        descriptor = _open(self.path, _FLAGS)
        try:
            _write(descriptor, line)
        finally:
            _close(descriptor)


def text(value):
    """`value` without the lone surrogates that JSON has no place for."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
