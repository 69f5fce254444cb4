"""Runs that do not come to their end: what is left must never look like a finished run, nor stand in the way of the next."""

import os
import resource
import signal
import subprocess

from harness import SMALL, Skip, call, check, contents, endless, expect, main, tiny, under_way


def stop(folder, by):
    """What the program said and its exit code, after `by` reached it in the middle of a run."""
    with under_way(endless(folder), folder / "run") as running:
        running.send_signal(by)
        stdout, stderr = running.communicate(timeout=60)
    assert not (folder / "run" / "run.json").exists()
    return running.returncode, stdout, stderr


def rerun(folder):
    expect(call("run", tiny(folder), "--out", folder / "run", "--quiet"), 0)
    assert (folder / "run" / "run.json").exists()


@check("Ctrl-C ends a run with 130, says what is left, and the folder can be used again")
def _(folder):
    code, stdout, stderr = stop(folder, signal.SIGINT)
    assert (code, stdout) == (130, ""), (code, stdout, stderr)
    assert "interrupted" in stderr and str(folder / "run") in stderr and "no run.json" in stderr, stderr
    rerun(folder)


@check("a polite kill ends a run like Ctrl-C")
def _(folder):
    code, stdout, stderr = stop(folder, signal.SIGTERM)
    assert code == 130 and "interrupted" in stderr, (code, stderr)
    rerun(folder)


@check("a run that is killed leaves no run.json, and a new run takes its folder over")
def _(folder):
    code, stdout, _ = stop(folder, signal.SIGKILL)
    assert code == -signal.SIGKILL and stdout == ""
    rerun(folder)


@check("a run that is killed without a folder named is run again in the same one")
def _(folder):
    scenario = endless(folder)
    with under_way(scenario, folder / "out" / "tiny-1") as running:
        running.kill()
        running.wait()
    expect(call("run", tiny(folder), cwd=folder), 0, "report   out/tiny-1/report.html")


@check("a log that may not grow ends the run with 74, says why, and leaves no run.json")
def _(folder):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
    done = call("run", endless(folder), "--out", folder / "run", preexec_fn=limit)
    expect(done, 74, str(folder / "run" / "events.db"))
    assert done.stdout == "" and not (folder / "run" / "run.json").exists()
    rerun(folder)


@check("a report that may not grow ends the run with 74, says why, and leaves no run.json")
def _(folder):
    run = ("run", SMALL, "--until", "1m")  # enough nodes for pictures, and hardly any log
    expect(call(*run, "--out", folder / "whole", "--quiet"), 0)
    size = {name: len(data) for name, data in contents(folder / "whole").items()}
    enough = size["events.db"] + 1000
    if size["report.html"] <= enough:
        raise Skip("without pictures the report is smaller than the log")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (enough, enough))
    done = call(*run, "--out", folder / "run", preexec_fn=limit)
    expect(done, 74, str(folder / "run"))
    assert not (folder / "run" / "run.json").exists()
    rerun(folder)


@check("a full disk ends the run with 74, says why, and leaves no run.json")
def _(folder):
    disk = folder / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "ibcf-test", disk],
                                                   capture_output=True).returncode == 0
    if not mounted:
        raise Skip("may not mount a small file system")
    try:
        done = call("run", endless(folder), "--out", disk / "run")
        expect(done, 74, str(disk / "run"), "full")
        assert not (disk / "run" / "run.json").exists()
        rerun_there = call("run", tiny(folder), "--out", disk / "run", "--quiet", "--until", "1s")
        assert rerun_there.returncode in (0, 74), rerun_there
    finally:
        subprocess.run(["umount", disk], check=True)


main()
