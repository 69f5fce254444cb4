"""Scenarios that are none: told at once, with the place, and without a trace on the disk."""

import json
import os
import re
import shutil

from harness import PROGRAM, SMALL, SOURCE, Skip, call, check, expect, main, tiny

PLACE = re.compile(r"^(.+?):(\d+):(\d+)(?: (/\S*))?: .+$")


@check("all problems of a bad scenario are told with file, line and column, and no run folder is left")
def _(folder):
    bad = folder / "bad.json"
    bad.write_text(SMALL.read_text().replace('"horizon": "3h"', '"horizon": "3 parsecs"').replace('"count": 23', '"count": -23'))
    lines = bad.read_text().splitlines()
    done = call("run", bad, cwd=folder)
    expect(done, 2)
    assert done.stdout == ""
    told = done.stderr.splitlines()
    assert told[-1] == "3 problems", told
    for line in told[:-1]:
        name, row, column, _ = PLACE.match(line).groups()
        assert name == str(bad)
        at = lines[int(row) - 1][int(column) - 1:]
        assert at.startswith('"3 parsecs"') or at.startswith("-23"), line
    assert os.listdir(folder) == ["bad.json"]

    out = folder / "out"
    expect(call("run", bad, "--out", out), 2)
    assert not out.exists()


@check("validate and run tell the same problems, also as JSON")
def _(folder):
    bad = SOURCE / "tests" / "bad_scenarios" / "many-at-once.json"
    by_run, by_validate = call("run", bad, cwd=folder), call("validate", bad)
    assert (by_run.returncode, by_run.stderr) == (by_validate.returncode, by_validate.stderr) == (2, by_run.stderr)
    told = json.loads(call("validate", bad, "--json").stdout)
    assert told["verdict"] == "bad_input" and told["exit_code"] == 2
    assert json.loads(call("run", bad, "--json", cwd=folder).stdout) == told
    lines = [f"{p['file']}:{p['line']}:{p['column']} {p['path']}: {p['what']}" for p in told["problems"]]
    assert len(lines) > 3
    for start, line in zip(lines, by_run.stderr.splitlines()):
        assert start == line, (start, line)


@check("every scenario of the project is valid, given its data")
def _(folder):
    shared = SOURCE / "scenarios" / "real"
    for scenario in sorted((SOURCE / "scenarios").rglob("*.json")):
        if scenario.name == "scenario.schema.json":
            continue
        done = call("validate", scenario)
        if scenario.parent == shared and done.returncode == 2 and "does not exist" in done.stderr:
            print(f"{scenario.name}: its data are not here")
            continue
        expect(done, 0, "valid; ", "expectations")
        expect(call("validate", scenario, "--json"), 0, '"problems": []')


@check("a file that is missing or no text is told by its name")
def _(folder):
    (folder / "zeros.json").write_bytes(b"\0" * 1000)
    (folder / "deep.json").write_text("[" * 100000)
    (folder / "huge.json").write_text('{"name": ' + "9" * 100000 + "}")
    (folder / "not-utf8-\udcff.json").write_text("{}")
    ugly = ["no-such.json", "", "/dev/null", "/dev/full", "/dev/zero", folder, PROGRAM, folder / "zeros.json", folder / "deep.json",
            folder / "huge.json", folder / "not-utf8-\udcff.json", "no-such-\udcff.json", "x" * 5000]
    for name in ugly:
        for command in (["run", name], ["run", name, "--json"], ["validate", name], ["validate", name, "--json"]):
            done = call(*command, cwd=folder, errors="surrogateescape")
            expect(done, 2, "problem")
            if "--json" in command:
                assert json.loads(done.stdout.encode(errors="surrogateescape"))["problems"]
            else:
                assert done.stdout == "" and str(name) in done.stderr, done.stderr
    assert not (folder / "out").exists()


@check("a file without permission to read is told by its name")
def _(folder):
    if os.geteuid() == 0:
        raise Skip("root may read everything")
    scenario = tiny(folder)
    scenario.chmod(0)
    expect(call("run", scenario, cwd=folder), 2, str(scenario), "ermission")


@check("a scenario whose data are absent names every missing file")
def _(folder):
    (folder / "scenarios" / "real").mkdir(parents=True)
    scenario = folder / "scenarios" / "real" / "geant-blackout.json"
    shutil.copy(SOURCE / "scenarios" / "real" / "geant-blackout.json", scenario)
    done = call("run", scenario, cwd=folder)
    expect(done, 2, "Geant2012.graphml", "does not exist", "2025-01-09-starlink.csv.xz")
    for line in done.stderr.splitlines()[:-1]:
        assert PLACE.match(line), line
    assert not (folder / "out").exists()


@check("no bad scenario of the collection ends otherwise than with 2, nor leaves a folder")
def _(folder):
    bad = sorted((SOURCE / "tests" / "bad_scenarios").glob("*.json"))
    assert len(bad) > 50
    for scenario in bad:
        done = call("run", scenario, "--out", folder / "out")
        expect(done, 2, "problem")
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, f"{scenario.name}:\n{done.stderr}"
        assert not (folder / "out").exists(), scenario.name


main()
