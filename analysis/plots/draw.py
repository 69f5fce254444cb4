#!/usr/bin/python3
"""Draws the tables of a report.json: python3 draw.py report.json folder

It draws and computes nothing: every value comes from a fold in the program; only units change on the way
(seconds to hours, bytes to megabytes, shares to per cent). A table that is not there gives no picture.
"""

import json
import os
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    from matplotlib.colors import ListedColormap, LogNorm
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter, MaxNLocator
except ImportError as missing:
    print(f"matplotlib for /usr/bin/python3 is missing ({missing})")
    sys.exit(69)

# Okabe and Ito's palette: told apart by people with any of the usual colour blindnesses.
GREEN, YELLOW, SKY, BLUE, VERMILION, ORANGE, PURPLE, GREY = (
    "#009E73", "#F0E442", "#56B4E9", "#0072B2", "#D55E00", "#E69F00", "#CC79A7", "#C4C4C4")
MODES = {
    "LIVE": GREEN, "DELAYED": YELLOW, "EDGE_CACHED": SKY, "REPLAYING": PURPLE, "RETURNING": ORANGE,
    "AUTONOMOUS": BLUE, "DISCONNECTED": VERMILION, "NOT_ACTIVE": GREY}
LINES = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, "#666666", YELLOW]
INK, FAINT = "#222222", "#8a8a8a"
DPI = 150

plt.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.labelsize": 9, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
    "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "axes.axisbelow": True, "grid.color": "#e4e4e4", "grid.linewidth": 0.7, "xtick.color": INK,
    "ytick.color": INK, "legend.frameon": False, "legend.fontsize": 8.5, "figure.facecolor": "white",
    "savefig.facecolor": "white", "hatch.linewidth": 0.6, "figure.constrained_layout.h_pad": 0.09,
    "figure.constrained_layout.w_pad": 0.09})


def hours(seconds):
    return np.asarray(seconds, dtype=float) / 3600


def grouped(value, _position=None):
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def hour_axis(axis, report, label=True):
    axis.set_xlim(0, report["run"]["end_s"] / 3600)
    if label:
        axis.set_xlabel("run time (hours)")


def count_axis(axis, whole=True):
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=2, integer=whole))
    axis.yaxis.set_major_formatter(FuncFormatter(grouped))


def shade_faults(axis, report, names=False):
    """Shades each fault's time; with names, each above its middle. Returns how many lines the names take."""
    end = report["run"]["end_s"]
    spans = {}
    for fault in report["faults"]:
        if fault["from_s"] <= end:
            until = end if fault["until_s"] is None else min(fault["until_s"], end)
            spans.setdefault((fault["from_s"], until), []).append(fault["name"])
    for start, until in spans:
        axis.axvspan(start / 3600, until / 3600, facecolor="none", edgecolor=FAINT, hatch="////", alpha=0.35,
                     linewidth=0, zorder=3)
        for edge in (start, until):
            axis.axvline(edge / 3600, color=INK, linewidth=0.7, linestyle=(0, (2, 2)), zorder=4)
    return name_faults(axis, spans, end) if names and len(spans) <= 5 else 0


def name_faults(axis, spans, end):
    """Names that would run into each other stand on lines of their own."""
    lines = []  # of each, where its last name ends
    letter = end * 4.2 / (axis.figure.get_figwidth() * 72 * 0.8)  # how much time one takes up, about
    for (start, until), called in sorted(spans.items()):
        text = ", ".join(called) if len(called) <= 3 else f"{called[0]} and {len(called) - 1} more"
        half = min(len(text) * letter, end) / 2
        middle = min(max((start + until) / 2, half), end - half)
        line = next((i for i, used in enumerate(lines) if used <= middle - half), len(lines))
        lines[line:line + 1] = [middle + half + 2 * letter]
        axis.annotate(text, (middle / 3600, 1), xycoords=("data", "axes fraction"), xytext=(0, 2 + 9 * line),
                      textcoords="offset points", ha="center", va="bottom", fontsize=7.5, color=INK)
    return len(lines)


def outside(axis, handles=None, labels=None, title=None):
    chosen = axis.get_legend_handles_labels() if handles is None else (handles, labels)
    if chosen[0]:
        axis.legend(*chosen, loc="upper left", bbox_to_anchor=(1.01, 1.02), title=title, borderaxespad=0,
                    alignment="left", title_fontsize=8.5)


def top_domains(report, most):
    """The largest domains right below the root, or the root's like where there is none."""
    inner = [d for d in report["domains"] if d["depth"] == 1 and d["nodes"] > 0]
    inner = inner or [d for d in report["domains"] if d["depth"] == 0 and d["nodes"] > 0]
    names = [d["domain"] for d in sorted(inner, key=lambda d: -d["nodes"])[:most]]
    return [d["domain"] for d in inner if d["domain"] in names]


def row_of(table, domain):
    return next(row for row in table["domains"] if row["domain"] == domain)


def save(figure, folder, name):
    # Metadata would name the version of matplotlib and make equal pictures differ.
    figure.savefig(os.path.join(folder, name + ".png"), dpi=DPI, metadata={"Software": None})
    plt.close(figure)


def stack_modes(axis, time, row):
    shown = [mode for mode in MODES if any(row[mode])]
    axis.stackplot(time, [row[mode] for mode in shown], colors=[MODES[m] for m in shown], step="post",
                   linewidth=0)
    return shown


def connectivity(report, folder):
    table = report["connectivity"]
    if not any(any(values) for values in table["fleet"].values()):
        return
    time = hours(report["time_s"])
    domains = top_domains(report, 6)
    domains = domains if len(domains) > 1 else []
    rows = (len(domains) + 1) // 2
    figure = plt.figure(figsize=(10.5, 3.7 + 1.75 * rows), layout="constrained")
    grid = figure.add_gridspec(1 + rows, 2, height_ratios=[2.1] + [1] * rows)
    axis = figure.add_subplot(grid[0, :])
    shown = stack_modes(axis, time, table["fleet"])
    truth = report.get("samples", {}).get("metrics", {}).get("nodes_in_contact", {})
    handles = [Patch(color=MODES[m], label=m) for m in reversed(shown)]
    if "fleet" in truth:
        handles += axis.plot(time, np.array(truth["fleet"], dtype=float), color=INK, linewidth=1.3, linestyle="--",
                             label="in contact, in truth", drawstyle="steps-post")
    lines = shade_faults(axis, report, names=True)
    hour_axis(axis, report)
    count_axis(axis)
    axis.set_ylabel("nodes")
    axis.set_title("Where the masters believe the fleet to be", pad=6 + 10 * lines)
    outside(axis, handles, [h.get_label() for h in handles], "mode")
    for i, domain in enumerate(domains):
        small = figure.add_subplot(grid[1 + i // 2, i % 2])
        stack_modes(small, time, row_of(table, domain))
        if domain in truth.get("domains", {}):
            small.plot(time, np.array(truth["domains"][domain], dtype=float), color=INK, linewidth=1, linestyle="--",
                       drawstyle="steps-post")
        shade_faults(small, report)
        hour_axis(small, report, label=i + 2 >= len(domains))
        count_axis(small)
        small.set_ylabel("nodes")
        small.set_title(domain, fontweight="normal", fontsize=9.5)
    save(figure, folder, "connectivity")


def backlog(report, folder):
    table = report["backlog"]
    time = hours(report["time_s"])
    samples = report.get("samples", {}).get("metrics", {}).get("backlog_events", {})
    if not (any(table["fleet"]["events"]) or any(table["fleet"]["debt"]["max_s"]) or samples):
        return
    domains = top_domains(report, 7)
    figure, axes = plt.subplots(3, 1, figsize=(10.5, 7.6), layout="constrained", sharex=True)
    for domain, colour in zip(domains, LINES):
        row = row_of(table, domain)
        axes[0].plot(time, row["events"], color=colour, label=domain, drawstyle="steps-post")
        axes[1].plot(time, np.asarray(row["bytes"]) / 1e6, color=colour, label=domain, drawstyle="steps-post")
        axes[2].plot(time, np.asarray(row["debt"]["mean_s"]) / 60, color=colour, label=domain)
    if "fleet" in samples:
        axes[0].plot(time, np.array(samples["fleet"], dtype=float), color=INK, linewidth=1.2, linestyle="--",
                     label="fleet, in truth")
    axes[0].set_title("Backlog that the masters know of")
    axes[0].set_ylabel("events")
    axes[1].set_title("The same in bytes")
    axes[1].set_ylabel("MB")
    axes[2].set_title("Sync debt: time since a node was last heard, mean")
    axes[2].set_ylabel("minutes")
    for axis in axes:
        shade_faults(axis, report)
        hour_axis(axis, report, label=axis is axes[2])
        count_axis(axis, whole=axis is axes[0])
    outside(axes[0], title="domain")
    save(figure, folder, "backlog")


def replay_span(fleet, time):
    """The hours in which anything was replayed, with a margin to either side."""
    moved = np.diff(fleet["acked_events"], prepend=0) != 0
    busy = np.flatnonzero(moved | (np.asarray(fleet["open_sessions_peak"]) > 0))
    first, last = time[busy[0]], time[busy[-1]]
    margin = max(0.12 * (last - first), 2 * (time[1] - time[0]))
    return max(0, first - margin), min(time[-1], last + margin)


def replay(report, folder):
    table = report["replay"]
    fleet = table["fleet"]
    if not (any(fleet["acked_events"]) or any(fleet["open_sessions_peak"])):
        return
    time = hours(report["time_s"])
    domains = [d for d in top_domains(report, 7) if any(row_of(table, d)["open_sessions_peak"]) or
               any(row_of(table, d)["acked_events"])]
    figure, axes = plt.subplots(2, 2, figsize=(10.5, 6.4), layout="constrained")
    (data, sessions), (verdicts, spread) = axes
    data.stackplot(time, [np.asarray(row_of(table, d)["acked_bytes"]) / 1e6 for d in domains],
                   colors=LINES[: len(domains)], labels=domains, linewidth=0)
    data.set_title("Data brought back")
    data.set_ylabel("MB, cumulative")
    for domain, colour in zip(domains, LINES):
        sessions.plot(time, row_of(table, domain)["open_sessions_peak"], color=colour, label=domain,
                      drawstyle="steps-pre")
    sessions.set_title("Replay sessions open at once")
    sessions.set_ylabel("sessions, most in each step")
    for word, colour in (("clean", GREEN), ("partial", ORANGE), ("violation", VERMILION)):
        if any(fleet[word]):
            verdicts.plot(time, fleet[word], color=colour, label=word, drawstyle="steps-post")
    verdicts.set_title("Verdicts")
    verdicts.set_ylabel("replays, cumulative")
    first, last = replay_span(fleet, time)
    for axis in (data, sessions, verdicts):
        shade_faults(axis, report)
        hour_axis(axis, report)
        if last - first < 0.6 * time[-1]:
            axis.set_xlim(first, last)
        count_axis(axis, whole=axis is not data)
    quantiles = table["duration_quantiles_s"]
    if quantiles:
        share = 100 * np.arange(1, len(quantiles) + 1) / len(quantiles)
        spread.step(quantiles, share, where="post", color=BLUE)
        for key, colour in (("p50_s", GREEN), ("p95_s", VERMILION)):
            value = fleet["durations"][key]
            spread.axvline(value, color=colour, linewidth=1, linestyle="--", label=f"{key[:3]}: {value:g} s")
        if quantiles[0] > 0 and quantiles[-1] > 50 * quantiles[0]:
            spread.set_xscale("log")
        else:
            spread.set_xlim(left=0)
        spread.set_ylim(0, 102)
        spread.legend(loc="lower right")
    spread.set_title("How long one replay took")
    spread.set_xlabel("seconds from grant to verdict")
    spread.set_ylabel("per cent of replays")
    outside(sessions, title="domain")
    if len(verdicts.get_lines()):
        verdicts.legend(*verdicts.get_legend_handles_labels(), loc="best")
    save(figure, folder, "replay")


def rate_text(bits_per_second):
    for unit, size in (("Gbps", 1e9), ("Mbps", 1e6), ("kbps", 1e3)):
        if bits_per_second >= size:
            return f"{bits_per_second / size:g} {unit}"
    return f"{bits_per_second:g} bps"


def links(report, folder):
    table = report.get("links", {}).get("busiest", [])
    if not table:
        return
    percent = 100 * np.array([row["utilisation"] for row in table], dtype=float)
    top = percent.max()
    if top <= 0:
        return
    # From a trickle of heartbeats to a storm are orders of magnitude: a linear scale shows one of the two.
    norm = LogNorm(vmin=top / 1e4, vmax=top, clip=True)
    figure, axis = plt.subplots(figsize=(10.5, 1.6 + 0.27 * len(table)), layout="constrained")
    time = hours(report["time_s"])
    edges = np.append(time - report["step_s"] / 3600, time[-1])
    axis.set_facecolor("#f2f2f2")
    mesh = axis.pcolormesh(edges, np.arange(len(table) + 1), np.ma.masked_less_equal(percent, 0), cmap="YlGnBu",
                           norm=norm, shading="flat", rasterized=True)
    axis.set_yticks(np.arange(len(table)) + 0.5, [f"{row['link']}  ({rate_text(row['bandwidth_bps'])})" for row in table],
                    fontsize=8)
    axis.invert_yaxis()
    axis.grid(False)
    axis.tick_params(axis="y", length=0)
    for fault in report["faults"]:
        for edge in (fault["from_s"], fault["until_s"]):
            if edge is not None:
                axis.axvline(edge / 3600, color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
    axis.hlines(np.arange(1, len(table)), *axis.get_xlim(), color="white", linewidth=1.5)
    hour_axis(axis, report)
    bar = figure.colorbar(mesh, ax=axis, pad=0.01, fraction=0.04)
    bar.set_label("per cent of bandwidth")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    axis.set_title("Utilisation of the busiest backbone links (grey: idle)")
    save(figure, folder, "links")


def authority(report, folder):
    table = report["authority"]
    terms = table["terms"]
    if not terms:
        return
    end = report["run"]["end_s"]
    scopes = list(dict.fromkeys(t["scope"] for t in terms))
    changed = [s for s in scopes if sum(t["scope"] == s for t in terms) > 1]
    if len(scopes) > 30:  # those where something happened say most
        scopes = [s for s in scopes if s in changed][:30] or scopes[:30]
    holders = list(dict.fromkeys(t["holder"] for t in terms))
    colour = {holder: LINES[i % len(LINES)] for i, holder in enumerate(holders)}
    figure, axis = plt.subplots(figsize=(10.5, 1.5 + 0.42 * len(scopes)), layout="constrained")
    for term in terms:
        if term["scope"] not in scopes or term["from_s"] > end:
            continue
        y = scopes.index(term["scope"])
        until = end if term["until_s"] is None else min(term["until_s"], end)
        axis.barh(y, (until - term["from_s"]) / 3600, left=term["from_s"] / 3600, height=0.62,
                  color=colour[term["holder"]], edgecolor="white", linewidth=0.8)
        if (until - term["from_s"]) > 0.04 * end:
            axis.text(term["from_s"] / 3600 + 0.004 * end / 3600, y, f"{term['epoch']}", va="center", ha="left",
                      fontsize=8, color="white", fontweight="bold")
        lease = term["lease_until_s"]
        if lease is not None and min(lease, end) > until:
            axis.barh(y, (min(lease, end) - until) / 3600, left=until / 3600, height=0.62, facecolor="none",
                      edgecolor=colour[term["holder"]], hatch="xxxx", linewidth=0, zorder=3)
    marks = {"fenced": ("|", INK), "late": ("x", ORANGE), "stale": ("X", VERMILION)}
    handles = [Patch(color=colour[h], label=h) for h in holders[:14]]
    for what, (marker, ink) in marks.items():
        hits = [r for r in table["stale_rows"] if r["what"] == what and r["scope"] in scopes]
        if hits:
            handles.append(axis.scatter(hours([r["at_s"] for r in hits]), [scopes.index(r["scope"]) - 0.38 for r in hits],
                                        marker=marker, s=36, color=ink, zorder=5, label=f"command {what}", linewidth=1.2))
    lines = shade_faults(axis, report, names=True)
    axis.set_yticks(range(len(scopes)), scopes)
    axis.set_ylim(len(scopes) - 0.4, -0.65)
    axis.grid(axis="y", visible=False)
    hour_axis(axis, report)
    axis.set_title("Who held authority, per scope (numbers: epochs)", pad=6 + 10 * lines)
    outside(axis, handles, [h.get_label() for h in handles], "holder")
    save(figure, folder, "authority")


def rollout(report, folder):
    rows = [r for r in report["rollouts"]["rollouts"] if r["time_s"]][:8]
    if not rows:
        return
    figure, axes = plt.subplots(len(rows), 1, figsize=(10.5, 0.9 + 2.1 * len(rows)), layout="constrained",
                                squeeze=False)
    parts = {"applied": GREEN, "waiting": GREY, "unreached": BLUE, "failed": VERMILION}
    end = report["run"]["end_s"]
    for axis, row in zip(axes[:, 0], rows):
        time = hours(row["time_s"] + [max(end, row["time_s"][-1])])
        axis.stackplot(time, [row[p] + row[p][-1:] for p in parts], colors=list(parts.values()), labels=list(parts),
                       step="post", linewidth=0)
        shade_faults(axis, report)
        hour_axis(axis, report, label=axis is axes[-1, 0])
        count_axis(axis)
        axis.set_ylabel("nodes")
        axis.set_title(f"Rollout of {row['bundle']} in {row['scope']}")
    outside(axes[0, 0], title="outcome")
    save(figure, folder, "rollout")


def drift(report, folder):
    table, attention = report["drift"], report["attention"]
    rows = table["domains"]
    mean = np.array([row["mean"] for row in rows], dtype=float).reshape(len(rows), len(table["time_s"]))
    if not rows or np.isnan(mean).all():
        return
    time = hours(table["time_s"])
    edges = np.append(time, 2 * time[-1] - time[-2]) if len(time) > 1 else np.array([0, 1e-6])
    figure, axes = plt.subplots(2, 1, figsize=(10.5, 3.4 + 0.3 * len(rows)), layout="constrained",
                                height_ratios=[0.6 + 0.3 * len(rows), 2])
    heat, counts = axes
    heat.set_facecolor("#f2f2f2")
    mesh = heat.pcolormesh(edges, np.arange(len(rows) + 1), np.ma.masked_invalid(mean), cmap="magma_r", vmin=0,
                           vmax=max(np.nanmax(mean), 0.01), shading="flat", rasterized=True)
    heat.set_yticks(np.arange(len(rows)) + 0.5, [row["domain"] for row in rows])
    heat.invert_yaxis()
    heat.grid(False)
    heat.tick_params(axis="y", length=0)
    bar = figure.colorbar(mesh, ax=heat, pad=0.01, fraction=0.04)
    bar.set_label("mean score")
    bar.outline.set_visible(False)
    heat.set_title("How far domains are from what they should be (grey: unknown)")
    counts.plot(time, table["fleet"]["out_of_spec"], color=VERMILION, label="nodes out of spec", drawstyle="steps-post")
    counts.plot(time, attention["items"], color=BLUE, label="items in the inbox", drawstyle="steps-post")
    counts.set_title("What asks for attention")
    counts.set_ylabel("nodes, items")
    count_axis(counts)
    counts.legend(loc="best")
    for axis in axes:
        shade_faults(axis, report)
        hour_axis(axis, report, label=axis is counts)
    save(figure, folder, "drift")


def reach(report, folder):
    table = report.get("reach")
    if not table or not table["intervals"] or not table["places"]:
        return
    places, intervals = table["places"], table["intervals"]
    # Colour by a component's first place: the same group keeps its colour from one interval to the next.
    palette = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW, "#7a5195", "#2f4b7c", "#a05195", "#665191", "#999999"]
    first_of, codes = {}, []
    for interval in intervals:
        lane, heads = interval["component_of_place"], {}
        for i, component in enumerate(lane):
            heads.setdefault(component, i)
        alone = {c for c in heads if lane.count(c) == 1}
        codes.append([np.nan if c is None else 0 if c in alone else
                      1 + first_of.setdefault(heads[c], len(first_of)) % len(palette) for c in lane])
    share = table.get("master_reach")
    width = [3, max(0.5, 0.32 * len(share["master_sites"]))] if share else [1]
    figure, axes = plt.subplots(1, len(width), figsize=(10.5, 1.7 + 0.17 * len(places)), layout="constrained",
                                sharey=True, width_ratios=width, squeeze=False)
    lanes = axes[0, 0]
    edges = [i["from_s"] / 3600 for i in intervals] + [intervals[-1]["until_s"] / 3600]
    lanes.pcolormesh(edges, np.arange(len(places) + 1), np.array(codes, dtype=float).T,
                     cmap=ListedColormap(["#e9e9e9"] + palette), vmin=-0.5, vmax=len(palette) + 0.5, shading="flat",
                     edgecolors="white", linewidth=0.25)
    lanes.set_yticks(np.arange(len(places)) + 0.5, places, fontsize=7.5)
    lanes.set_ylim(len(places), 0)
    lanes.grid(False)
    lanes.tick_params(axis="y", length=0)
    hour_axis(lanes, report)
    lanes.set_title("Places that could reach each other share a colour (grey: alone)")
    if share:
        matrix = axes[0, 1]
        percent = 100 * np.array(share["share"], dtype=float)
        mesh = matrix.pcolormesh(percent, cmap="cividis", vmin=0, vmax=100, edgecolors="white", linewidth=0.4)
        matrix.set_xticks(np.arange(len(share["master_sites"])) + 0.5, share["master_sites"], rotation=60, ha="right",
                          fontsize=7.5)
        matrix.grid(False)
        matrix.tick_params(length=0)
        if percent.size <= 400:
            for (y, x), value in np.ndenumerate(percent):
                matrix.text(x + 0.5, y + 0.5, f"{value:.0f}", ha="center", va="center", fontsize=6.5,
                            color="white" if value < 55 else INK)
        bar = figure.colorbar(mesh, ax=matrix, pad=0.02)
        bar.set_label("per cent of the time")
        bar.outline.set_visible(False)
        matrix.set_title("Reached a master's site")
    save(figure, folder, "reach")


def main():
    if len(sys.argv) != 3:
        print("usage: draw.py report.json folder")
        return 64
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    os.makedirs(sys.argv[2], exist_ok=True)
    for draw in (connectivity, backlog, replay, links, authority, rollout, drift, reach):
        try:
            draw(report, sys.argv[2])
        except OSError as failure:
            print(f"{sys.argv[2]}/{draw.__name__}.png: cannot be written: {failure.strerror}")
            return 74
    return 0


sys.exit(main())
