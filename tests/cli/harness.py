"""What the tests of the program share: a list of checks, a scenario that runs in no time, and a way to call the program.

  python3 TOPIC.py PROGRAM SOURCE [SENTENCE]    runs all checks of a topic, or the one with that name

A check is a function under @check("a true sentence"); tests/CMakeLists.txt makes a ctest test of each. Exit code 77 says
that it could not be tested here, and why.
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
PROGRAM = pathlib.Path(sys.argv[1]).resolve()
SOURCE = pathlib.Path(sys.argv[2]).resolve()
SMALL = SOURCE / "scenarios" / "small-partition.json"

checks = {}


class Skip(Exception):
    """Cannot be tested here."""


def check(sentence):
    def add(function):
        checks[sentence] = function
        return function
    return add


def main():
    wanted = sys.argv[3:] or list(checks)
    if not PROGRAM.is_file():
        print(f"skipped: {PROGRAM} is not built")
        sys.exit(SKIPPED)
    skipped = False
    for sentence in wanted:
        with tempfile.TemporaryDirectory(prefix="ibcf-cli-") as folder:
            try:
                checks[sentence](pathlib.Path(folder))
            except Skip as why:
                print(f"skipped: {sentence}: {why}")
                skipped = True
            else:
                print(f"pass: {sentence}")
    sys.exit(SKIPPED if skipped else 0)


def call(*arguments, **options):
    """Runs the program to its end; the result has returncode, stdout and stderr."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
               "errors": "replace", "timeout": 500} | options
    return subprocess.run([PROGRAM, *map(str, arguments)], **options)


def expect(done, code, *texts):
    """`done` ended with `code` and said each of `texts` somewhere; a whole text is a regular thing to compare by eye."""
    said = (done.stdout or "") + (done.stderr or "")
    assert done.returncode == code, f"exit code {done.returncode}, not {code}:\n{said}"
    for text in texts:
        assert text in said, f"does not say {text!r}:\n{said}"


def tiny(folder, **engine):
    """A scenario of one site and five nodes in `folder`; `engine` goes into its section."""
    scenario = {
        "name": "tiny",
        "fleet": {
            "domains": [{"name": "world"}],
            "groups": [{"name": "nodes", "domain": "world", "count": 5, "access": "fibre"}],
        },
        "topology": {
            "sites": [{"name": "berlin", "lat": 52.5, "lon": 13.4}],
            "relays": [{"domain": "world", "sites": ["berlin"]}],
            "access": [{"name": "fibre", "kind": "fibre"}],
        },
        "controllers": [{"name": "master", "level": "GLOBAL", "domain": "world", "site": "berlin"}],
        "engine": {"horizon": "10m"} | engine,
        "expect": [
            {"metric": "nodes_in_contact", "at": "5m", "is": 5, "why": "Nothing stands between these nodes and their master."},
            {"metric": "nodes_live", "is": 5, "why": "And nothing will."},
        ],
    }
    path = folder / "tiny.json"
    path.write_text(json.dumps(scenario, indent=1))
    return path


def endless(folder):
    """A scenario that nobody waits for, with a log that grows fast."""
    path = tiny(folder, horizon="3000d")
    scenario = json.loads(path.read_text())
    scenario["fleet"]["behaviour"] = {"heartbeat": "10s", "snapshot": "10s"}
    path.write_text(json.dumps(scenario))
    return path


def wait_for(what, condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain until {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def under_way(scenario, out, **options):
    """The program in the middle of a run: the first thousands of events are in its log."""
    running = subprocess.Popen([PROGRAM, "run", scenario, "--out", out], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, **options)
    try:
        log = out / "events.db"
        wait_for("its log grows", lambda: running.poll() is not None or (log.exists() and log.stat().st_size > 200_000))
        assert running.poll() is None, f"ended by itself: {running.communicate()}"
        yield running
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()


def contents(folder):
    """Every file under `folder` with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
