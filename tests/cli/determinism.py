"""Same scenario, same seed: same bytes. Between builds, tests/tools/same_bytes compares."""

import json
import sqlite3

from harness import SMALL, SOURCE, call, check, contents, main

# Pictures are drawn by matplotlib, and events.db is laid out by SQLite: their bytes depend on what is installed.
COMPARED = ["report.json", "timeline.csv", "scenario.json", "run.json"]


def run(scenario, out, *options):
    done = call("run", scenario, "--out", out, "--quiet", *options, timeout=3000)
    assert done.returncode in (0, 1), done.stderr
    files = contents(out)
    manifest = json.loads(files["run.json"])
    assert manifest.pop("host", None), "what depends on the machine is under host"
    files["run.json"] = json.dumps(manifest).encode()
    return manifest["event_hash"], files


def same(folder, scenario):
    one_hash, one = run(scenario, folder / "one")
    (folder / "elsewhere").mkdir()
    two_hash, two = run(scenario, folder / "elsewhere" / "another")
    assert one_hash == two_hash, (one_hash, two_hash)
    assert one.keys() == two.keys()
    assert [name for name in COMPARED if one[name] != two[name]] == []
    return one_hash


@check("two processes give the same hash and the same bytes of run.json, report.json, timeline.csv and scenario.json")
def _(folder):
    same(folder, SMALL)


@check("--check-determinism runs the program itself a second time, and says that both runs are one")
def _(folder):
    done = call("run", SMALL, "--out", folder / "run", "--check-determinism", "--until", "40m", "--seed", "3", timeout=3000)
    assert done.returncode == 0, done
    assert "a second process gave the same run, event by event" in done.stdout, done.stdout
    assert [entry.name for entry in folder.iterdir()] == ["run"], "the second folder is gone"
    as_json = call("run", SMALL, "--out", folder / "json", "--check-determinism", "--until", "40m", "--json", timeout=3000)
    assert json.loads(as_json.stdout)["determinism"] == {"holds": True, "difference": []}, as_json.stdout


@check("another seed gives another run, and the seed of the command line counts as that of the scenario")
def _(folder):
    reseeded = folder / "reseeded.json"
    text = SMALL.read_text()
    assert text.count('"engine": {') == 1
    reseeded.write_text(text.replace('"engine": {', '"engine": {"seed": 5, '))
    hashes = [run(SMALL, folder / "1", "--until", "30m")[0], run(SMALL, folder / "5", "--seed", "5", "--until", "30m")[0],
              run(reseeded, folder / "6", "--until", "30m")[0], run(reseeded, folder / "7", "--seed", "1", "--until", "30m")[0]]
    assert hashes[0] != hashes[1]
    assert hashes[1] == hashes[2] and hashes[0] == hashes[3], hashes


@check("a run that is cut short is the beginning of the whole run")
def _(folder):
    logs = []
    for name, options in [("whole", []), ("short", ["--until", "40m"])]:
        run(SMALL, folder / name, *options)
        with sqlite3.connect(folder / name / "events.db") as db:
            logs.append(db.execute("SELECT master, position, packed FROM events WHERE ingested_ns <= ? ORDER BY entry",
                                   [39 * 60 * 10**9]).fetchall())
    assert len(logs[0]) > 100 and logs[0] == logs[1]


@check("two processes give the same bytes of first-partition")
def _(folder):
    same(folder, SOURCE / "scenarios" / "first-partition.json")


main()
