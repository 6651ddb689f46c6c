"""The rehearsal's folder: what is copied, what is refused, and that the live one is never touched."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import EstimationError
from estimation.frame import load_frame
from estimation.night import play, prepare_rehearsal
from estimation.night.folder import rehearsal_toml
from estimation.sampling import design_of, draw, write_draw
from estimation.simulation.faults import Faults
from estimation.simulation.population import open_population


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def draw_in(folder: Path) -> None:
    contest = load_contest(folder)
    frame, design = load_frame(contest), design_of(contest)
    write_draw(contest, frame, design, draw(frame, design))


def test_the_contest_is_read_and_never_written(town: Path, tmp_path: Path) -> None:
    before = files(town)
    rehearsal = prepare_rehearsal(load_contest(town), tmp_path / "gladi", by="quarter")
    play(rehearsal.script, rehearsal.inbox)
    assert files(town) == before
    assert rehearsal.contest.about.mode == "rehearsal"
    assert rehearsal.contest.about.release == "internal"
    there = files(tmp_path / "gladi")
    assert {name for name in there if not name.startswith("inbox")} == {
        "contest.toml", "frame.csv", "official.csv", "out/draws.jsonl", "out/manifest.json", "out/sample.csv",
        "out/rehearsal/clean.csv", "out/rehearsal/faults.csv", "out/rehearsal/plan.json",
    }  # fmt: skip
    assert there["frame.csv"] == before["frame.csv"]
    assert there["official.csv"] == before["official.csv"]


def test_the_same_seed_is_the_same_evening(town: Path, tmp_path: Path) -> None:
    def events(name: str, seed: str) -> list[tuple[float, str, bytes, bool]]:
        script = prepare_rehearsal(load_contest(town), tmp_path / name, seed=seed, by="quarter").script
        return [(e.second, e.file, e.content, e.whole) for e in script.events]

    first = events("one", "1")
    assert events("two", "1") == first
    assert events("three", "2") != first


def test_a_sample_that_was_drawn_is_rehearsed_with(town: Path, tmp_path: Path) -> None:
    draw_in(town)
    rehearsal = prepare_rehearsal(load_contest(town), tmp_path / "gladi")
    for name in ("sample.csv", "manifest.json"):
        assert (rehearsal.contest.out / name).read_bytes() == (town / "out" / name).read_bytes()
    sample = pd.read_csv(town / "out" / "sample.csv", dtype={"tps_id": str})
    clean = pd.read_csv(rehearsal.contest.out / "rehearsal" / "clean.csv", dtype={"tps_id": str})
    assert set(clean["tps_id"]) == set(sample["tps_id"])


def test_where_all_are_asked_all_report(town: Path, tmp_path: Path) -> None:
    with (town / "contest.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[returns]\nasked = "all"\n')
    rehearsal = prepare_rehearsal(load_contest(town), tmp_path / "gladi", faults=Faults().scale(0))
    assert len(pd.read_csv(rehearsal.contest.out / "rehearsal" / "clean.csv")) == 240
    assert not (rehearsal.contest.out / "sample.csv").exists()


def test_stations_without_an_official_count_leave_the_frame(town: Path, tmp_path: Path) -> None:
    official = (town / "official.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (town / "official.csv").write_text("".join(official[:-20]), encoding="utf-8")
    draw_in(town)
    rehearsal = prepare_rehearsal(load_contest(town), tmp_path / "gladi")
    frame = (tmp_path / "gladi" / "frame.csv").read_text(encoding="utf-8")
    assert frame == "".join((town / "frame.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:-20])
    assert len(pd.read_csv(rehearsal.contest.out / "sample.csv")) == 120


def test_a_result_is_imagined_around_the_earlier_election(town: Path, tmp_path: Path) -> None:
    """Logit shares of 240 stations: their mean lies within a few hundredths of the earlier one's, save the swing."""
    official = pd.read_csv(town / "official.csv", dtype={"tps_id": str})
    official[["tps_id", "votes_1", "votes_2"]].to_csv(town / "baseline.csv", index=False)
    (town / "official.csv").unlink()
    rehearsal = prepare_rehearsal(load_contest(town), tmp_path / "gladi", seed="7")
    assert rehearsal.imagined
    population = open_population(rehearsal.contest)
    assert population.left_out == 0
    assert (population.counts.ballots <= 0.97 * population.counts.registered).all()
    earlier = official["votes_1"].sum() / official[["votes_1", "votes_2"]].to_numpy().sum()
    assert abs(population.shares[0] - earlier) < 0.08
    turnout = population.counts.ballots.sum() / population.counts.registered.sum()
    assert abs(turnout - 0.76) < 0.03
    assert population.counts.votes.sum(axis=1).tolist() == population.counts.valid.tolist()


def test_a_result_is_imagined_of_nothing_but_the_frame(town: Path, tmp_path: Path) -> None:
    (town / "official.csv").unlink()
    population = open_population(prepare_rehearsal(load_contest(town), tmp_path / "gladi").contest)
    assert 0.25 < population.shares[0] < 0.75


def test_the_copy_knows_no_live_source_and_no_live_ledger(town: Path, tmp_path: Path) -> None:
    with (town / "contest.toml").open("a", encoding="utf-8") as stream:
        stream.write(
            '\n[returns]\npath = "post"\ntimezone = "Asia/Jakarta"\nallowance = 0.05\nformat = "kobo"\n'
            'database = "sqlite:///live.db"\ntable = "hasil"\nledger = "postgresql://desk@host/live"\n'
            'columns = { "Waktu kirim" = "received_at" }\n'
        )
    returns = prepare_rehearsal(load_contest(town), tmp_path / "gladi").contest.returns
    assert (returns.path, returns.database, returns.table, returns.ledger) == ("inbox", None, None, None)
    assert (returns.format, returns.allowance, str(returns.timezone)) == ("auto", 0.05, "Asia/Jakarta")
    assert returns.columns == {"Waktu kirim": "received_at"}


def test_what_the_contest_says_stays(tmp_path: Path) -> None:
    (tmp_path / "contest.toml").write_text(
        '[contest]\nid = "x \\"y\\" \\\\ – \\u007f"\nday = 2024-11-27\nat = 2024-11-27T15:00:00+07:00\nmode = "live"\n'
        'flag = true\nx = 0.025\nlist = ["a", 2]\ninline = { "b c" = 1 }\n'
        '[[candidates]]\nnumber = 1\n[[candidates]]\nnumber = 2\n[returns]\nledger = "postgresql://host/live"\n',
        encoding="utf-8",
    )
    raw = tomllib.loads((tmp_path / "contest.toml").read_text(encoding="utf-8"))
    raw["contest"] |= {"mode": "rehearsal", "release": "internal"}
    again = rehearsal_toml(tmp_path / "contest.toml", {"frame": "frame.csv"})
    assert tomllib.loads(again) == raw | {"frame": {"path": "frame.csv"}, "returns": {"path": "inbox"}}
    assert again.startswith("# REHEARSAL (gladi): nothing here is a live return.")


LIVE = r'contest.toml there says mode = "live" \(contest town\), and a rehearsal never touches live returns'


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("town", r"the contest itself stands there, and a rehearsal never touches it"),
        ("town/inbox/gladi", r"the contest itself stands there"),
        ("other", LIVE),
        ("loose", r"returns are in its inbox, and nobody can say that they are not live"),
        ("full", r"the folder is not empty: name a new folder for the rehearsal with --to"),
        ("file", r"this is a file"),
        ("demo", r"a contest of mode 'demo' stands there already \(town\): two nights would mix in one ledger"),
    ],
)
def test_folders_that_are_refused(town: Path, tmp_path: Path, target: str, message: str) -> None:
    toml = (town / "contest.toml").read_text(encoding="utf-8")
    internal = toml.replace("embargoed", "internal")
    for name in ("other", "loose/inbox", "full", "demo"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "other" / "contest.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "demo" / "contest.toml").write_text(internal.replace('"live"', '"demo"'), encoding="utf-8")
    (tmp_path / "loose" / "inbox" / "laporan.csv").write_text("tps_id\n", encoding="utf-8")
    (tmp_path / "full" / "notes.txt").write_text("…", encoding="utf-8")
    (tmp_path / "file").write_text("…", encoding="utf-8")
    before = files(tmp_path)
    with pytest.raises(EstimationError, match=message):
        prepare_rehearsal(load_contest(town), tmp_path / target)
    assert files(tmp_path) == before


def test_files_by_something_else(town: Path, tmp_path: Path) -> None:
    with pytest.raises(EstimationError, match="files by 'hour' are unknown: known are minute, quarter, village"):
        prepare_rehearsal(load_contest(town), tmp_path / "gladi", by="hour")
    assert not (tmp_path / "gladi").exists()


@pytest.mark.parametrize("release", ["embargoed", "public"])
def test_a_rehearsal_is_never_released(town: Path, release: str) -> None:
    toml = (town / "contest.toml").read_text(encoding="utf-8")
    toml = toml.replace('"live"', '"rehearsal"').replace("embargoed", release)
    (town / "contest.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(
        EstimationError, match=rf"release = '{release}' goes with mode = 'live' only, and this is a rehearsal"
    ):
        load_contest(town)
