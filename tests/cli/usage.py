"""What the program says to people: help, versions, and answers to mistakes on the command line."""

import re

from harness import SOURCE, call, check, expect, main, tiny


@check("help tells every command, examples and exit codes")
def _(folder):
    done = call("--help")
    expect(done, 0, "run", "validate", "schema", "Examples:", "ibcf run scenarios/first-partition.json", "Exit codes:",
           "74 the disk", "130 interrupted")
    assert not done.stderr
    expect(call("help"), 0, "Examples:")
    expect(call("-h"), 0, "Examples:")


@check("the examples of the help work as they are written")
def _(folder):
    shown = re.findall(r"^  ibcf (.*)$", call("--help").stdout, re.MULTILINE)
    assert len(shown) >= 5, shown
    (folder / "scenarios").symlink_to(SOURCE / "scenarios")
    (folder / "my-scenario.json").write_text(tiny(folder).read_text())
    for line in shown:
        command = re.split(r" [|>] ", line)[0].split()
        # The fleet of the example is large: a minute of it shows that the line is right.
        if command[0] == "run":
            command = [word for word in command if word not in ("--until", "8h")] + ["--until", "1m"]
        if command[0] == "ask":
            command = [word for word in command if word not in ("--at", "2h")]
        expect(call(*command, cwd=folder), 0)


@check("the help of a command tells its options")
def _(folder):
    expect(call("run", "--help"), 0, "--seed", "--out", "--until", "--json", "--quiet", "--check-determinism", "Examples:")
    expect(call("ask", "--help"), 0, "--at", "--as", "--master", "--domain", "--tag", "--bundle", "--node", "Examples:")
    expect(call("validate", "--help"), 0, "--json")
    expect(call("schema", "--help"), 0, "--reference")


@check("the version is the one the project was built as")
def _(folder):
    wanted = re.search(r"project\(\S+ VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
    done = call("--version")
    expect(done, 0)
    assert done.stdout.strip() == wanted, done.stdout


@check("a mistyped command is answered with the nearest")
def _(folder):
    expect(call("rnu", "x.json"), 2, 'no command "rnu"', "did you mean run?")
    expect(call("valdiate", "x.json"), 2, "did you mean validate?")
    done = call("frobnicate")
    expect(done, 2, 'no command "frobnicate"; there are run, ask, validate and schema')
    assert "did you mean" not in done.stderr


@check("a mistyped option is answered with the nearest that this command has")
def _(folder):
    scenario = tiny(folder)
    expect(call("run", scenario, "--sed", "5"), 2, 'no option "--sed"', "did you mean --seed?")
    expect(call("run", scenario, "--untli=5m"), 2, 'no option "--untli"', "did you mean --until?")
    expect(call("schema", "--referense"), 2, "did you mean --reference?")
    expect(call("--versoin"), 2, 'no option "--versoin"', "did you mean --version?")
    done = call("validate", scenario, "--seed", "5")
    expect(done, 2, 'no option "--seed"')
    assert "did you mean" not in done.stderr, "validate has no seed"


@check("an option before its command is told its place")
def _(folder):
    expect(call("--seed", "5", "run", tiny(folder)), 2, "--seed comes after the command")


@check("a missing command, a missing scenario and one argument too many are told")
def _(folder):
    expect(call(), 2, "needs a command: run, ask, validate or schema")
    expect(call("run"), 2, "scenario is required")
    expect(call("run", tiny(folder), "other.json"), 2, '"other.json" is one argument too many')
    expect(call("run", tiny(folder), "--seed"), 2, "--seed")


@check("a seed or a time that makes no sense is told with what would")
def _(folder):
    scenario = tiny(folder)
    for seed in ["-1", "18446744073709551616", "x", "1.5", "0x10", "5 "]:
        expect(call("run", scenario, f"--seed={seed}", cwd=folder), 2, "must be a whole number from 0 to 2^64 - 1")
    for until in ["5", "-5h", "soon", "99999999999d", "5 h h"]:
        expect(call("run", scenario, f"--until={until}", cwd=folder), 2, "must be a duration such as 8h or 90min")
    expect(call("run", scenario, "--until", "0s", cwd=folder), 2, "must be more than 0s")
    assert not (folder / "out").exists()


main()
