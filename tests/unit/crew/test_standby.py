"""A forkserver that waits for the next run: who may take it, and when it leaves."""

from __future__ import annotations

import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devassist.crew import standby
from devassist.crew.standby import Adopted, Waiting, adopt, find_waiting, wait_for_run
from devassist.crew.worker_start import Adopt
from devassist.messages import ForkserverReady, encode

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has it"),
    pytest.mark.enable_socket,
]


@dataclass
class Waiter:
    """`wait_for_run` in a thread."""

    directory: Path
    key: str = "key"
    goes_on: bool = True
    idle_s: float = 30.0
    _result: queue.Queue[Adopted | None] = field(default_factory=queue.Queue)
    _taken: int = 0

    def start(self) -> Waiter:
        threading.Thread(target=self._wait, daemon=True).start()
        end = time.monotonic() + 10
        while not (self.directory / "standby.token").exists() and self._result.empty():
            assert time.monotonic() < end
            time.sleep(0.005)
        time.sleep(0.02)
        return self

    def _wait(self) -> None:
        adopted = wait_for_run(self.directory, self.key, goes_on=lambda: self.goes_on, idle_s=self.idle_s)
        if adopted is not None:
            adopted.control.send(encode(ForkserverReady()))
        self._result.put(adopted)

    def result(self, timeout: float = 10) -> Adopted | None:
        self._taken += 1
        return self._result.get(timeout=timeout)

    def last(self) -> Adopted | None:
        """The result of whoever waits longest, taken or not."""
        return self._result.get(timeout=10) if self._taken == 0 else None

    @property
    def waits(self) -> bool:
        return self._result.empty()


@pytest.fixture(autouse=True)
def own_seat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Nobody who waits in another test, or for the person at this machine, is sent away."""
    seat = f"\0devassist-test-{tmp_path}"[:100]
    monkeypatch.setattr(standby, "SEAT", seat)
    return seat


WAITS = """
import sys
from pathlib import Path
from devassist.crew import standby
standby.SEAT = "\\0" + sys.argv[2]
print("waits", flush=True)
standby.wait_for_run(Path(sys.argv[1]), "key", goes_on=lambda: True)
"""


def test_one_waits_for_a_user_however_many_state_directories_there_are(tmp_path: Path, own_seat: str) -> None:
    def started(name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WAITS, str(tmp_path / name), own_seat[1:]],
            stdout=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 20
        while find_waiting(tmp_path / name) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        return process

    (tmp_path / "a").mkdir(mode=0o700)
    (tmp_path / "b").mkdir(mode=0o700)
    with started("a") as first, started("b") as second:
        assert first.wait(10) == -signal.SIGTERM
        assert find_waiting(tmp_path / "b") is not None
        second.kill()


@pytest.fixture
def waiter(tmp_path: Path) -> Iterator[Waiter]:
    made = Waiter(tmp_path / "standby")
    yield made
    made.goes_on = False
    if made.directory.exists() and (adopted := made.last()) is not None:
        adopted.control.close()
        os.close(adopted.log)


def take(waiter: Waiter, *, key: str = "key", token: Callable[[str], str] = str) -> int | None:
    """The pid of whoever waits, if it can be taken; it was told to serve a run in the directory."""
    with (waiter.directory.parent / "log").open("ab") as log:
        taken = adopt(
            waiter.directory,
            lambda text: Adopt(token=token(text), key=key, run="bold-otter-0001", directory="/"),
            log.fileno(),
        )
    if taken is None:
        return None
    taken[0].close()
    return taken[1]


def test_the_next_run_takes_it_with_its_directory_and_log(waiter: Waiter) -> None:
    waiter.start()
    assert take(waiter) == os.getpid()
    adopted = waiter.result()
    assert adopted is not None
    assert (adopted.run, adopted.directory) == ("bold-otter-0001", "/")
    assert os.readlink(f"/proc/self/fd/{adopted.log}") == str(waiter.directory.parent / "log")
    os.close(adopted.log)
    adopted.control.close()


def test_nobody_else_can_take_it_at_the_same_time(waiter: Waiter) -> None:
    waiter.start()
    assert take(waiter) is not None
    assert take(waiter) is None


def test_a_caller_without_the_token_is_refused_and_it_goes_on_waiting(waiter: Waiter) -> None:
    waiter.start()
    assert take(waiter, token=lambda text: text[:-1] + "x") is None
    assert waiter.waits
    assert take(waiter) == os.getpid()


def test_a_caller_that_says_nothing_does_not_hold_it_up(waiter: Waiter) -> None:
    waiter.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as silent:
        silent.connect(str(waiter.directory / "standby.sock"))
        time.sleep(standby.ANSWER_S + 0.1)
        assert take(waiter) == os.getpid()


def test_garbage_is_refused(waiter: Waiter) -> None:
    waiter.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
        caller.connect(str(waiter.directory / "standby.sock"))
        caller.send(b"{}")
        assert caller.recv(10) == b""
    assert waiter.waits


def test_it_leaves_when_a_run_comes_that_it_does_not_fit(waiter: Waiter) -> None:
    waiter.start()
    assert take(waiter, key="of a later version") is None
    assert waiter.result() is None
    assert not (waiter.directory / "standby.sock").exists()


def test_it_leaves_after_its_time(waiter: Waiter) -> None:
    waiter.idle_s = 0.1
    waiter.start()
    assert waiter.result() is None
    assert [path.name for path in waiter.directory.iterdir()] == ["standby.lock"]


def test_it_leaves_when_its_files_are_removed(waiter: Waiter) -> None:
    waiter.start()
    (waiter.directory / "standby.sock").unlink()
    assert waiter.result() is None


def test_it_leaves_when_it_is_not_to_go_on(waiter: Waiter) -> None:
    waiter.start()
    waiter.goes_on = False
    assert waiter.result() is None


def test_only_one_waits(waiter: Waiter) -> None:
    waiter.start()
    assert Waiter(waiter.directory).start().result() is None
    assert waiter.waits


def test_nobody_but_the_user_can_open_the_directory_and_the_files(waiter: Waiter) -> None:
    waiter.directory.mkdir(mode=0o755)
    waiter.start()
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in waiter.directory.iterdir()}
    assert stat.S_IMODE(waiter.directory.stat().st_mode) == 0o700
    assert modes == {"standby.sock": 0o600, "standby.token": 0o600, "standby.lock": 0o600}


def test_it_can_be_found_without_being_disturbed(waiter: Waiter) -> None:
    waiter.start()
    found = find_waiting(waiter.directory)
    assert isinstance(found, Waiting)
    assert (found.pid, found.idle_s < 10, found.rss_kib > 1000) == (os.getpid(), True, True)
    assert waiter.waits
    assert take(waiter) == os.getpid()


def test_none_is_found_where_none_waits(tmp_path: Path) -> None:
    assert find_waiting(tmp_path / "standby") is None


def test_one_that_hangs_is_given_up_in_a_moment(tmp_path: Path) -> None:
    directory = tmp_path / "standby"
    directory.mkdir()
    (directory / "standby.token").write_text("t")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as deaf:
        deaf.bind(str(directory / "standby.sock"))
        deaf.listen(1)
        started = time.monotonic()
        assert take(Waiter(directory)) is None
        assert time.monotonic() - started < 2


def test_a_path_longer_than_a_sockets_address_works(waiter: Waiter) -> None:
    waiter.directory = waiter.directory.parent / ("x" * 120) / "standby"
    waiter.directory.parent.mkdir()
    waiter.start()
    assert take(waiter) == os.getpid()


def test_what_proc_shows_of_the_environment_can_be_set_and_passes_to_forks(tmp_path: Path) -> None:
    code = """
import os
from devassist.crew.process_mark import detach, show
detach(os.environ)
show({"DEVASSIST_RUN": "bold-otter-0001"})
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
print(open("/proc/self/environ").read().rstrip(chr(0)), os.environ["KEPT"], os.popen("echo $KEPT").read().strip(), flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KEPT": "yes", "OPENAI_API_KEY": "sk-secret"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.splitlines() == ["DEVASSIST_RUN=bold-otter-0001 yes yes"] * 2
