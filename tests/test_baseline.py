"""An earlier election joined to the frame."""

import json
from hashlib import sha256

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import FrameError
from estimation.frame import load_frame
from estimation.projection import project_contest
from estimation.sampling import design_of, draw, write_draw

AREAS = "province,regency,district,village,votes_1,votes_2"


def baseline(folder, text, level=None):
    (folder / "baseline.csv").write_text(text, encoding="utf-8")
    if level:
        toml = folder / "contest.toml"
        toml.write_text(toml.read_text(encoding="utf-8") + f'\n[baseline]\npath = "baseline.csv"\nlevel = "{level}"\n')
    return load_frame(load_contest(folder))


def test_by_station(make_contest):
    rows = "\n".join(f"{i:04d},{i},{100 - i}" for i in range(1, 11))
    frame = baseline(make_contest(), f"kode_tps,suara_1,suara_2\n{rows}\n")
    assert frame.table["baseline_1"].tolist()[:10] == pytest.approx([i / 100 for i in range(1, 11)])
    assert frame.table["baseline_1"].isna().sum() == 2
    assert (frame.table["baseline_1"] + frame.table["baseline_2"]).dropna().tolist() == pytest.approx([1] * 10)


def test_by_village_is_by_the_whole_path(make_contest):
    folder = make_contest()
    first = load_frame(load_contest(folder)).table
    paths = first[["province", "regency", "district", "village"]].drop_duplicates()
    text = "\n".join(
        ",".join([*map(str, path), str(30 + i), "70"]) for i, path in enumerate(paths.itertuples(index=False))
    )
    frame = baseline(folder, f"{AREAS}\n{text}\n", "village")
    by_village = frame.table.groupby(["district", "village"], observed=True)["baseline_1"].nunique()
    assert (by_village == 1).all()
    assert frame.table["baseline_1"].iloc[0] == pytest.approx(30 / 100)


def test_no_vote_is_no_share(make_contest):
    rows = "\n".join(f"{i:04d},{0 if i == 1 else 5},{0 if i == 1 else 5}" for i in range(1, 13))
    frame = baseline(make_contest(), f"tps_id,votes_1,votes_2\n{rows}\n")
    assert np.isnan(frame.table["baseline_1"].iloc[0])
    assert frame.table["baseline_1"].iloc[1] == 0.5


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        (
            "tps_id,votes_1,votes_2\nX1,1,2\n",
            None,
            r"only 0 of 12 stations are in the baseline by tps \(not there, for one: 0001\)",
        ),
        ("tps_id,suara\n0001,1\n", None, "no column of votes is there: a baseline needs votes_1, votes_2"),
        (f"{AREAS}\nA,B,C,D,1,2\n", "village", "only 0 of 12 stations are in the baseline by village"),
    ],
)
def test_a_baseline_of_another_frame_is_an_error(make_contest, text, level, message):
    with pytest.raises(FrameError, match=message):
        baseline(make_contest(), text, level)


def test_a_named_file_must_be_there(make_contest):
    folder = make_contest(extra_toml='[baseline]\npath = "2019.csv"\n')
    with pytest.raises(FrameError, match=r"2019.csv: \[baseline\] names it and there is no such file"):
        load_frame(load_contest(folder))


def test_what_a_number_rests_on_is_named_wherever_it_is_found(make_contest):
    rows = "\n".join(f"{i:04d},{i},{100 - i}" for i in range(1, 13))
    folder = make_contest()
    assert load_frame(load_contest(folder)).baseline_sha256 is None
    frame = baseline(folder, f"tps_id,votes_1,votes_2\n{rows}\n")  # by its name alone: no [baseline] in contest.toml
    digest = sha256((folder / "baseline.csv").read_bytes()).hexdigest()
    assert frame.baseline_sha256 == digest
    assert frame.restrict("regency=KOTA").baseline_sha256 == digest
    contest = load_contest(folder)
    design = design_of(contest, n=8)
    _, manifest = write_draw(contest, frame, design, draw(frame, design))
    assert json.loads(manifest.read_text(encoding="utf-8"))["baseline"] == {"sha256": digest}
    assert project_contest(contest).provenance["baseline_sha256"] == digest
