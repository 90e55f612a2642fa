"""A run leaves a process that the next one starts from: how, when, and what it must never hold or outlive."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devassist.crew.standby import Waiting, find_waiting
from support.command_line import KEY, Done, Machine
from support.crewscript import CrewScript, Turn, plan, sh, submit, task, write
from support.openai_server import Reply

pytestmark = pytest.mark.cold


@pytest.fixture(scope="module")
def machine(make_shared_machine: Callable[..., Machine]) -> Iterator[Machine]:
    made = make_shared_machine(script=CrewScript(), extra={"CI": "", "DEVASSIST_WORKER_KEEP_WARM": "true"})
    yield made
    if waiting := find_waiting(made.state / "standby"):
        os.kill(waiting.pid, signal.SIGKILL)


@pytest.fixture
def waiting(machine: Machine) -> Waiting:
    """The process that an earlier run has left."""
    if found := _waiting(machine):
        return found
    _run(machine, "FIRST")
    found = _waiting(machine)
    assert found is not None
    return found


def _waiting(machine: Machine) -> Waiting | None:
    return find_waiting(machine.state / "standby")


def _run(machine: Machine, marker: str, **env: str | None) -> Done:
    script = machine.script
    script.on(marker, "coder", write(f"{marker}.txt", "made\n"), submit())
    done = machine.run(plan(task("one", marker, review=False)), **env)
    assert done.code == 0, done
    return done


def _until(what: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _memory(pid: int) -> bytes:
    """All that a process can write to."""
    parts = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if area is not None and "[vvar" not in line:
                start, end = (int(number, 16) for number in area.groups())
                memory.seek(start)
                try:
                    parts.append(memory.read(end - start))
                except OSError:
                    continue
    return b"".join(parts)


def _served_warm(machine: Machine, marker: str, **env: str) -> Waiting:
    """
    The process that has served a run and waits again.

    Another run is made if the first was not served by it: on a busy machine it may not answer in time.
    """
    for attempt in range(4):
        before = _waiting(machine)
        _run(machine, f"{marker}-{attempt}", **env)
        after = _waiting(machine)
        if before is not None and after is not None and before.pid == after.pid:
            return after
    raise AssertionError("no run was served by the process that waits")


@pytest.mark.usefixtures("waiting")
def test_the_next_run_is_served_by_the_process_that_waits_and_leaves_it_again(machine: Machine) -> None:
    _served_warm(machine, "SECOND")
    assert machine.devassist("audit", "verify").code == 0


@pytest.mark.usefixtures("waiting")
def test_what_waits_holds_no_key_and_no_run(machine: Machine) -> None:
    waiting = _served_warm(machine, "THIRD")
    memory = _memory(waiting.pid)
    assert len(memory) > 50_000_000
    assert KEY.encode() not in memory
    assert b"THIRD-" not in memory
    assert Path(f"/proc/{waiting.pid}/environ").read_bytes().strip(b"\0") == b""
    assert Path(f"/proc/{waiting.pid}/cwd").readlink() == Path("/")
    names = [os.readlink(path) for path in Path(f"/proc/{waiting.pid}/fd").iterdir()]
    assert not [name for name in names if str(machine.repo) in name or "worker.log" in name]


@pytest.mark.usefixtures("waiting")
def test_a_worker_has_the_environment_of_its_own_run(machine: Machine) -> None:
    _served_warm(machine, "FOURTH", OPENAI_API_KEY="sk-another-0123456789abcdef")
    assert machine.server.headers[-1]["authorization"] == "Bearer sk-another-0123456789abcdef"


def test_a_run_in_other_circumstances_starts_from_nothing_old(machine: Machine, waiting: Waiting) -> None:
    _run(machine, "FIFTH", SSL_CERT_DIR="/etc/ssl/certs")
    assert not _is_alive(waiting.pid)
    assert _waiting(machine) is not None


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("how", ["stop --now", "kill -9 of the supervisor"])
def test_nothing_of_a_run_outlives_it_that_was_served_warm(machine: Machine, how: str) -> None:
    marker = f"ENDED{len(how)}"
    there = threading.Event()

    def endless(_turn: Turn) -> Reply:
        there.set()
        return sh("sleep 300 & setsid sleep 301 & sleep 302")

    machine.script.on(marker, "coder", endless, submit())
    file = machine.root / f"{marker}.json"
    file.write_text(json.dumps(plan(task("one", marker, review=False))))
    process = machine.start("run", "--plan", str(file), "--model", "openai/test-model", "--format", "json")
    assert there.wait(100)
    time.sleep(1.0)
    ((run, worker),) = machine.query(
        "SELECT run, json_extract(data, '$.pid') FROM events WHERE type = 'worker.started' ORDER BY seq DESC LIMIT 1"
    )
    assert worker in _marked(run)
    if how == "stop --now":
        assert machine.devassist("stop", run, "--now").code == 0
    else:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=100)
    _until(lambda: _marked(run) == [])
    assert not _is_alive(worker)


def _marked(run: str) -> list[int]:
    """Processes whose environment carries the mark of the run."""
    wanted = f"DEVASSIST_RUN={run}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_a_process_that_hangs_is_not_waited_for(machine: Machine, waiting: Waiting) -> None:
    os.kill(waiting.pid, signal.SIGSTOP)
    try:
        _run(machine, "SIXTH")
    finally:
        os.kill(waiting.pid, signal.SIGKILL)
        _until(lambda: not _is_alive(waiting.pid))


def test_a_sandboxed_command_can_neither_see_nor_take_it(machine: Machine, waiting: Waiting) -> None:
    directory = machine.state / "standby"
    attack = (
        "import os, socket\n"
        f"for act in (lambda: os.listdir({str(directory)!r}), lambda: open({str(directory / 'standby.token')!r}).read(),\n"
        "            lambda: socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)"
        f".connect({str(directory / 'standby.sock')!r}), lambda: open('/proc/{waiting.pid}/mem', 'rb')):\n"
        "    try:\n"
        "        act()\n"
        "        print('reached it')\n"
        "    except OSError as error:\n"
        "        print('kept out')\n"
    )
    script = machine.script
    script.on("ATTACK", "coder", write("attack.py", attack), sh("python3 attack.py"), submit())
    for mode in ("bubblewrap", "landlock"):
        done = machine.run(plan(task("one", "ATTACK", review=False)), DEVASSIST_SANDBOX_MODE=mode)
        if "no sandbox works" in done.err:
            continue
        result = script.of("ATTACK", "coder")[-1].results[1]
        assert (result.count("kept out"), result.count("reached it")) == (4, 0), (mode, result)


def test_doctor_names_it_and_stop_all_ends_it(machine: Machine, waiting: Waiting) -> None:
    checks = machine.devassist("doctor", "--format", "json").json["checks"]
    (check,) = [check for check in checks if check["check"] == "warm workers"]
    assert str(waiting.pid) in check["detail"]
    done = machine.devassist("stop", "--all")
    assert (done.code, str(waiting.pid) in done.err) == (0, True), done
    assert not _is_alive(waiting.pid)


def test_it_leaves_when_the_state_directory_is_removed(machine: Machine, waiting: Waiting) -> None:
    shutil.rmtree(machine.state / "standby")
    _until(lambda: not _is_alive(waiting.pid))


@pytest.mark.parametrize("off", [{"CI": "true"}, {"DEVASSIST_WORKER_KEEP_WARM": "false"}])
def test_none_waits_in_ci_or_where_it_is_switched_off(machine: Machine, off: dict[str, str]) -> None:
    machine.devassist("stop", "--all")
    _run(machine, f"OFF{len(off)}{next(iter(off))}", **off)
    assert _waiting(machine) is None
