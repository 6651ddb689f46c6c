"""A small contest of every design, drawn, with a return of every station, one a minute."""

import json
from datetime import datetime, timedelta

import numpy as np

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.sampling import design_of, draw, write_draw

KEYS = {
    "simple": "n = 40",
    "stratified": 'n = 40\nstrata = "district"',
    "systematic": "n = 40",
    "pps-systematic": "n = 40",
    "sampford": "n = 40",
    "max-entropy": "n = 40",
    "pivotal": "n = 40",
    "cube": 'n = 40\nbalance = ["registered"]',
    "local-cube": 'n = 40\nbalance = ["registered"]\nspread = ["registered"]',
    "two-stage": "n = 40\nper_cluster = 2",
}
START = datetime.fromisoformat("2024-11-27T15:00:00+07:00")


def frame_rows():
    """72 stations in 4 districts of 6 villages, with rolls of 120 to 600."""
    rng = np.random.default_rng(7)
    return [
        {
            "tps_id": f"{i:04d}",
            "province": "JAWA",
            "regency": "KOTA",
            "district": "ABCD"[i // 18],
            "village": f"DESA {i // 3}",
            "tps": f"{i % 3 + 1:03d}",
            "registered": int(rng.integers(120, 600)),
        }
        for i in range(72)
    ]


def with_design(make_contest, method, candidates=3, **design):
    """A contest whose design is a method's, its sample drawn, and a return of every drawn station, one a minute."""
    keys = '[returns]\nasked = "all"\n' if method == "all" else f'[design]\nmethod = "{method}"\n{KEYS[method]}\n'
    keys += "".join(f"{name} = {json.dumps(value)}\n" for name, value in design.items())
    folder = make_contest(stations=frame_rows(), candidates=candidates, extra_toml=keys)
    contest = load_contest(folder)
    frame = load_frame(contest)
    rows = np.arange(len(frame))
    if method != "all":
        design = design_of(contest)
        sample = draw(frame, design)
        write_draw(contest, frame, design, sample)
        rows = sample.rows
    rng = np.random.default_rng(11)
    lines = [["tps_id", "received_at", *(f"votes_{j + 1}" for j in range(candidates)), "invalid", "total"]]
    for minute, row in enumerate(rng.permutation(rows)):
        votes = rng.multinomial(int(frame.registered[row] * 0.7), np.full(candidates, 1 / candidates))
        at = (START + timedelta(minutes=minute)).isoformat()
        lines.append([frame.table["tps_id"].iloc[row], at, *votes, 3, votes.sum() + 3])
    text = "\n".join(",".join(map(str, line)) for line in lines) + "\n"
    (folder / "inbox" / "returns.csv").write_text(text, encoding="utf-8")
    return folder, len(rows)


def moment(part, drawn):
    """When so many per cent of the sample are in, at least one station for 1 % and one less than all for 99 %."""
    stations = {0: 0, 1: 1, 99: drawn - 1, 100: drawn}.get(part, round(part * drawn / 100))
    return START + timedelta(minutes=stations - 1)


def add(folder, **estimate):
    """Write ``[estimate]`` at the end of contest.toml."""
    path = folder / "contest.toml"
    text = path.read_text(encoding="utf-8").partition("[estimate]")[0]
    keys = "".join(f"{name} = {json.dumps(value)}\n" for name, value in estimate.items())
    path.write_text(f"{text}[estimate]\n{keys}", encoding="utf-8")
