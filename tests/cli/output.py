"""What a run leaves: its folder, its words, its exit code."""

import json
import os
import sqlite3
import subprocess

from harness import SMALL, SOURCE, Skip, call, check, contents, expect, main, tiny

FILES = {"run.json", "scenario.json", "events.db", "report.json", "report.html", "timeline.csv"}


@check("a run tells its verdict, its hash and where the report is")
def _(folder):
    done = call("run", tiny(folder), "--out", folder / "run")
    expect(done, 0, "verdict  pass", "nodes_in_contact", "00:05:00", "Nothing stands between", str(folder / "run" / "report.html"))
    assert "\x1b" not in done.stdout + done.stderr, "no colour and no progress line where there is no terminal"
    run = json.loads((folder / "run" / "run.json").read_text())
    assert run["verdict"] == "pass" and run["exit_code"] == 0 and run["seed"] == 1
    assert run["event_hash"] in done.stdout
    assert FILES <= contents(folder / "run").keys()


@check("nine policies: a return is reconciled object by object, and the report shows drift and what asks for attention")
def _(folder):
    expect(call("run", SMALL.parent / "nine-policies.json", "--out", folder / "run", "--quiet"), 0)
    report = json.loads((folder / "run" / "report.json").read_text())
    drift, attention = report["drift"], report["attention"]
    assert drift["reconciled"] == {"returns": 30, "decisions": {
        "BOTH_KEPT": 3, "DEFERRED": 4, "DISTRUSTED": 2, "KEEP_NODE": 40, "MERGED": 10, "TAKE_DESIRED": 31}}
    fleet = drift["now"][0]
    assert fleet["nodes"] == fleet["evaluated"] == sum(row["nodes"] for row in drift["now"][1:]) == 60
    assert drift["worst"][0]["objects"] == "firewall: off instead of on" and drift["worst"][0]["score"] == 1
    assert len(attention["items"]) == len(attention["time_s"]) == len(drift["domains"][0]["mean"])
    causes = [(row["cause"], row["subject"]) for row in attention["seen"]]
    assert ("RELAY", "relay-hamburg") in causes, "a cut-off relay is one item, not its thirty nodes"
    assert "QUARANTINED" in attention["top"][0]["why"]
    page = (folder / "run" / "report.html").read_text()
    assert "firewall: off instead of on" in page and "relay-hamburg: 30 of 30 nodes out of contact" in page


@check("a finished run is asked how its fleet was, and what had happened is told from what was known")
def _(folder):
    run = folder / "run"
    expect(call("run", SMALL.parent / "nine-policies.json", "--out", run, "--quiet"), 0)
    expect(call("ask", run, "--at", "110m"), 0, "as known at 01:50:00", "AUTONOMOUS", "north", "baseline@1")
    ask = lambda *more: json.loads(call("ask", run, "--at", "110m", "--json", *more).stdout)
    known, happened = ask(), ask("--as", "happened")
    assert sum(row["nodes"] for row in known["domains"]) == known["fleet"]["nodes"] == 60
    north = lambda answer: next(row for row in answer["domains"] if row["domain"] == "north")
    assert north(known)["connectivity"] == north(happened)["connectivity"] == {"AUTONOMOUS": 30}
    assert north(known)["drift"]["out_of_spec_nodes"] == 0, "cut off, nobody knew what it did to itself"
    assert north(happened)["drift"]["out_of_spec_nodes"] == 30, "speed and schedule of all of them were changed"
    assert len(ask("--domain", "north", "--list")["nodes"]) == 30
    node = ask("--domain", "north", "--list")["nodes"][0]["name"]
    expect(call("ask", run, "--node", node), 0, "authority.master_of_record", "desired_state.policy_bundle_id", "baseline@1")
    expect(call("ask", run, "--domain", "nort", "--at", "9h"), 2, "did you mean north?", "the run ended at 03:00:00")
    expect(call("ask", folder), 2, "holds no run.json")
    expect(call("ask", run, "--as", "guessed"), 2, "must be known or happened")
    expect(call("ask", run, "--node", node, "--domain", "north"), 2, "--domain excludes --node")
    expect(call("ask", run, "--node", node, "--list"), 2, "--list excludes --node")


@check("an expectation that fails ends in exit code 1 and is told with its reason")
def _(folder):
    scenario = tiny(folder)
    scenario.write_text(scenario.read_text().replace('"is": 5', '"is": 6', 1))
    done = call("run", scenario, "--out", folder / "run")
    expect(done, 1, "FAIL  nodes_in_contact", "pass  nodes_live", "verdict  expectation_failed")
    assert json.loads((folder / "run" / "run.json").read_text())["exit_code"] == 1


@check("the log reads with the Python script of the documents, and its chain ends in the event hash")
def _(folder):
    expect(call("run", SMALL, "--out", folder / "run", "--quiet"), 0)
    run = json.loads((folder / "run" / "run.json").read_text())
    log = folder / "run" / "events.db"
    read = lambda: subprocess.run([SOURCE / "docs" / "read_log.py", log], capture_output=True, text=True)
    done = read()
    expect(done, 0, f"{run['counters']['events_stored']} events, chained to {run['event_hash']}")
    lines = done.stdout.splitlines()
    assert len(lines) == run["counters"]["events_stored"] > 1000
    assert lines[0].split()[2] == "node.registered" and lines[0].split()[6] == "1"
    with sqlite3.connect(log) as db:
        db.execute("UPDATE events SET packed = (SELECT packed FROM events WHERE entry = 1) WHERE entry = 77")
    expect(read(), 1, "entry 77 is damaged")


@check("the result as JSON is all there is on standard output")
def _(folder):
    done = call("run", tiny(folder), "--out", folder / "run", "--json")
    expect(done, 0)
    result = json.loads(done.stdout)
    run = json.loads((folder / "run" / "run.json").read_text())
    assert result["verdict"] == run["verdict"] == "pass" and result["exit_code"] == 0
    assert result["event_hash"] == run["event_hash"] and result["counters"] == run["counters"]
    assert [one["pass"] for one in result["expectations"]] == [True, True]
    assert result["report"] == str(folder / "run" / "report.html")
    assert done.stderr == ""


@check("quiet says nothing and leaves the run folder")
def _(folder):
    done = call("run", tiny(folder), "--out", folder / "run", "--quiet")
    expect(done, 0)
    assert done.stdout == done.stderr == ""
    assert FILES <= contents(folder / "run").keys()


@check("a run that is cut short says so and does not judge what was not due")
def _(folder):
    done = call("run", tiny(folder), "--out", folder / "run", "--until", "6m")
    expect(done, 0, "1 of 2 expectations were not due yet: the run was cut short")
    early = json.loads(call("run", tiny(folder), "--out", folder / "early", "--until", "1m", "--json").stdout)
    assert early["cut_short"] is True and early["expectations"] == []
    assert json.loads((folder / "early" / "run.json").read_text())["derived"]["until"] == "1m"
    late = json.loads(call("run", tiny(folder), "--out", folder / "late", "--until", "1d", "--json").stdout)
    assert late["cut_short"] is False and len(late["expectations"]) == 2


@check("a folder with a finished run or with foreign things is refused and left as it is")
def _(folder):
    scenario = tiny(folder)
    expect(call("run", scenario, "--out", folder / "run", "--quiet"), 0)
    foreign = folder / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("all I have")
    (folder / "file").write_text("a file")
    before = contents(folder)
    for out, why in [("run", "holds a finished run"), ("foreign", 'holds "thesis.txt", which is not ours'), ("file", "is a file"),
                     (".", "which is not ours")]:
        expect(call("run", scenario, "--out", folder / out, "--seed", "2"), 2, str(folder / out), why, "choose another folder")
    assert contents(folder) == before


@check("without a folder named, each run takes the next free one under out")
def _(folder):
    scenario = tiny(folder)
    for wanted in ["out/tiny-1", "out/tiny-1.2", "out/tiny-1.3"]:
        expect(call("run", scenario, "--until", "1m", cwd=folder), 0, f"report   {wanted}/report.html")
    expect(call("run", scenario, "--until", "1m", "--seed", "7", cwd=folder), 0, "report   out/tiny-7/report.html")
    assert sorted(os.listdir(folder / "out")) == ["tiny-1", "tiny-1.2", "tiny-1.3", "tiny-7"]


@check("a folder that cannot be made is told by its name and ends in 74")
def _(folder):
    expect(call("run", tiny(folder), "--out", "/proc/no-such/run"), 74, "/proc/no-such")


@check("a folder without permission to write is told by its name and ends in 74")
def _(folder):
    if os.geteuid() == 0:
        raise Skip("root may write everywhere")
    scenario = tiny(folder)
    (folder / "locked").mkdir(mode=0o500)
    expect(call("run", scenario, "--out", folder / "locked" / "run"), 74, "locked", "ermission")
    expect(call("run", scenario, "--out", folder / "locked"), 74, "locked")


@check("standard output that takes nothing ends in 74")
def _(folder):
    with open("/dev/full", "w") as full:
        expect(call("schema", stdout=full), 74, "No space left on device")
        expect(call("--version", stdout=full), 74, "No space left on device")
        expect(call("validate", SMALL, stdout=full), 74, "No space left on device")


@check("the order of things that happen at one instant does not decide over the verdict")
def _(folder):
    for tie_seed in [1, 2]:
        scenario = folder / f"ties-{tie_seed}.json"
        text = SMALL.read_text()
        assert text.count('"engine": {') == 1
        scenario.write_text(text.replace('"engine": {', f'"engine": {{"tie_seed": {tie_seed}, '))
        expect(call("run", scenario, "--out", folder / str(tie_seed)), 0, "verdict  pass")


main()
