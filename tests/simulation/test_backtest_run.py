"""How a backtest is run: it goes on where it was stopped, and on any number of workers it is the same."""

import json
import sys
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from click.testing import CliRunner

from estimation.cli.backtest import backtest as command
from estimation.errors import EstimationError
from estimation.files import to_json
from estimation.simulation.arrivals.recorded import Recorded
from estimation.simulation.backtest import backtest, backtest_document, plan_of
from estimation.simulation.backtest.backtest_record import backtest_record_of
from estimation.simulation.backtest.replay import stage
from estimation.simulation.backtest.run import _key, replay_in_worker
from estimation.simulation.population import open_population


@pytest.fixture
def plan(large):
    """Three blocks of the ratio: 250 nights."""
    design = {"n": 24, "method": "simple", "seed": "3"}
    return plan_of(large.contest, design=design, estimators=["ratio"], received="0.5,1", replicates=250)


def text(large, plan, **options):
    population, replay = backtest(large.contest, plan, **options)
    return to_json(backtest_document(population, plan, replay))


def test_it_goes_on_where_it_was_stopped(large, plan, tmp_path):
    whole = text(large, plan)

    def stop(done, blocks):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backtest(large.contest, plan, keep=tmp_path, progress=stop)
    (folder,) = tmp_path.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["block-00000.npz", "block-00001.npz"]
    seen = []
    assert text(large, plan, keep=tmp_path, progress=lambda done, blocks: seen.append((done, blocks))) == whole
    assert seen == [(2, 3), (3, 3)]  # two were there
    seen.clear()
    assert text(large, plan, keep=tmp_path, progress=lambda done, blocks: seen.append((done, blocks))) == whole
    assert seen == [(3, 3)]


def test_another_plan_does_not_take_the_blocks(large, plan, tmp_path):
    first = text(large, plan, keep=tmp_path)
    other = replace(plan, design=replace(plan.design, seed="4"))
    assert text(large, other, keep=tmp_path) != first
    assert len(list(tmp_path.iterdir())) == 2


def test_the_seed_names_the_nights(large, plan):
    assert text(large, plan) == text(large, plan)
    short = replace(plan, replicates=100)
    one, other = (backtest(large.contest, asked)[1] for asked in (plan, short))
    np.testing.assert_array_equal(one.theta[:100], other.theta)  # blocks are fixed


def test_two_workers_say_the_same(large, plan):
    assert text(large, plan, workers=2) == text(large, plan)


def test_blocks_are_kept_by_all_that_they_depend_on(large, plan):
    whole = stage(large, plan)
    counts = replace(large.counts, ballots=large.counts.ballots + 1)
    about = replace(large.contest.about, rule="majority-runoff")
    table = large.frame.table.assign(baseline_1=0.5)
    order = Recorded("batch", np.arange(len(large.frame), dtype=np.float64))
    others = [
        replace(whole, population=replace(large, counts=counts)),
        replace(whole, population=replace(large, contest=replace(large.contest, about=about))),
        replace(whole, population=replace(large, frame=replace(large.frame, table=table))),
        replace(whole, plan=replace(plan, table=replace(plan.table, delta=0.25))),
        replace(whole, model=order),
        replace(whole, model=replace(order, moment=order.moment[::-1])),
    ]
    keys = [_key(at) for at in (whole, *others)]
    assert len(set(keys)) == len(keys)
    assert _key(stage(open_population(large.contest), plan)) == keys[0]


def test_a_worker_that_reads_another_election_says_so(large, plan):
    folder = str(large.contest.folder)
    with pytest.raises(EstimationError, match="reads other stations, counts or rules there than this machine"):
        replay_in_worker(folder, None, plan, "0" * 16, 0)
    with pytest.raises(EstimationError, match="does not see this folder: let the cluster's machines share it"):
        replay_in_worker(f"{folder}-elsewhere", None, plan, "0" * 16, 0)


def test_the_document_says_which_area_and_which_settings(large, plan):
    asked = replace(plan, replicates=2, table=replace(plan.table, delta=0.25, phi=(0.02, 0.03), agree=False))
    population, replay = backtest(large.contest, asked, where="district=D3")
    written = backtest_document(population, asked, replay)
    assert written["where"] == "district=D3"
    assert written["stations"] == 100
    held = written["estimate"]
    assert (held["delta"], held["tau"], held["phi"], held["interval"]) == (0.25, 0.1, [0.02, 0.03], "auto")
    assert (held["auxiliaries"], held["bounds"], held["variance"]) == ([], None, "auto")
    assert "agree" not in held  # a backtest does not ask whether methods agree
    assert json.loads(to_json(written))["estimate"] == held
    assert backtest_document(large, asked, replay)["where"] is None
    official = (large.contest.folder / "official.csv").read_bytes()
    assert written["inputs"] == {
        "frame_sha256": large.frame.sha256,
        "official_sha256": sha256(official).hexdigest(),
    }
    assert backtest_record_of(written).inputs == written["inputs"]


def test_a_cluster_needs_its_package(large, plan, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EstimationError, match=r"needs the package 'distributed'.*pip install 'quickcount\[cluster\]'"):
        backtest(large.contest, plan, cluster="tcp://127.0.0.1:1")


def ran(*words):
    return CliRunner().invoke(command, [str(word) for word in words])


def test_the_command_writes_json_and_says_it(large, tmp_path):
    file = tmp_path / "b.json"
    design = ["--n", 24, "--method", "simple", "--seed", 1]
    asked = ["--estimator", "ratio", "--replicates", 20, "--received", "0.5,1", "--json", file]
    done = ran(large.contest.folder, *design, *asked)
    assert done.exit_code == 0, done.output
    assert "20 nights, n = 24, simple, arrival random" in done.output
    written = json.loads(file.read_text(encoding="utf-8"))
    assert [row["received"] for row in written["rows"] if row["quantity"] == "lead"] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a", "b"], "several contests, and --by, go with --fit: name one contest"),
        (["--by", "regency"], "several contests, and --by, go with --fit"),
        (["--fit", "--workers", "2"], "--fit scores the predictor in one process"),
        (["--fit", "--estimator", "ratio"], "--fit scores the predictor in one process"),
    ],
)
def test_wrong_usage_is_said(large, words, says):
    done = ran(large.contest.folder, *words)
    assert done.exit_code == 2
    assert says in done.output
