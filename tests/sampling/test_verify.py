"""A draw repeated from its manifest: the same list, or what differs."""

import json

import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import Design, draw, write_draw
from estimation.sampling.draw_manifest import write_commitment
from estimation.sampling.verify_draw import verify


@pytest.fixture
def contest(make_contest):
    return load_contest(make_contest(stations=60))


def write(contest, seed="1", where=None, n=12):
    frame, design = load_frame(contest, where), Design(n, seed=seed)
    return write_draw(contest, frame, design, draw(frame, design))


def lines(path):
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def held(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("seed", "where"), [("1", None), ("4-1-6-2", None), ("dadu 3", "district=B")])
def test_the_same_list(contest, seed, where):
    write(contest, seed, where)
    found = verify(contest)
    assert found.same
    assert (found.differences, found.notes, found.stations, found.seed) == ((), (), 12, seed)
    assert found.document()["same"] is True


def test_a_station_put_in_by_hand_is_named(contest):
    sample, _ = write(contest)
    rows = lines(sample)
    drawn = {row.split(",")[0] for row in rows}
    other = next(f"{i:04d}" for i in range(1, 61) if f"{i:04d}" not in drawn)
    first = rows[1].split(",")[0]
    sample.write_text("".join([rows[0], rows[1].replace(first, other, 1), *rows[2:]]))
    found = verify(contest)
    assert not found.same
    assert found.differences[0].startswith("sample sha256: expected ")
    assert found.differences[1:3] == (
        f"1 station(s) missing from the sample: {first}",
        f"1 station(s) in the sample and not drawn: {other}",
    )


def test_only_the_first_stations_are_named(contest):
    sample, _ = write(contest)
    rows = lines(sample)
    sample.write_text("".join(rows[:5]))
    gone = [row.split(",")[0] for row in rows[5:]]
    assert verify(contest).differences[1] == (f"8 station(s) missing from the sample: {', '.join(gone[:5])} and 3 more")


def test_a_station_that_stands_there_twice(contest):
    sample, _ = write(contest)
    rows = lines(sample)
    sample.write_text("".join([*rows, rows[1]]))
    assert f"1 station(s) in the sample twice: {rows[1].split(',')[0]}" in verify(contest).differences


def test_changed_weights_are_counted(contest):
    sample, _ = write(contest)
    rows = lines(sample)
    sample.write_text("".join(row.replace(",5.0,", ",4.9,") for row in rows))
    assert verify(contest).differences[1:] == (
        f"weight of 12 station(s) changed: {rows[1].split(',')[0]} has 5.0 by the draw and 4.9 in the file",
    )


def test_another_order(contest):
    sample, _ = write(contest)
    rows = lines(sample)
    sample.write_text("".join([rows[0], rows[2], rows[1], *rows[3:]]))
    first, second = rows[1].split(",")[0], rows[2].split(",")[0]
    assert verify(contest).differences[1:] == (
        f"the order of the draw: place 1 is {first} by the draw and {second} in the file",
    )


def test_another_column_changed_or_gone(contest):
    sample, _ = write(contest)
    text = sample.read_text()
    sample.write_text(text.replace("JAWA / KOTA / A", "JAWA / KOTA / Z"))
    assert "stratum of 4 station(s) changed" in verify(contest).differences[1]
    sample.write_text(text.replace(",stratum,", ",layer,"))
    assert verify(contest).differences[1:] == (
        "column 'stratum' is not in the sample",
        "column 'layer' is not of the draw",
    )


def test_another_seed_in_the_manifest(contest):
    _, manifest = write(contest)
    manifest.write_text(manifest.read_text().replace('"seed": "1"', '"seed": "2"'))
    found = verify(contest)
    missing, extra = (int(line.split(" ")[0]) for line in found.differences[:2])
    assert 0 < missing == extra <= 12
    assert "missing from the sample" in found.differences[0]
    assert found.seed == "2"


def test_another_frame(contest):
    write(contest)
    frame = contest.folder / "frame.csv"
    frame.write_text("".join(lines(frame)[:-9]))
    found = verify(contest)
    assert found.differences[0].startswith("frame sha256: expected ")
    assert found.differences[0].endswith(f"found {found.frame_sha256}")


def test_a_frame_in_which_the_draw_is_impossible(contest):
    write(contest)
    frame = contest.folder / "frame.csv"
    frame.write_text("".join(lines(frame)[:8]))
    assert verify(contest).differences[1].startswith("the draw can't be repeated: n = 12 is more than the 7 stations")


def test_other_versions_are_a_note_and_an_excuse_only_when_the_lists_differ(contest):
    sample, manifest = write(contest)
    raw = held(manifest)
    now = raw["versions"]["numpy"]
    raw["versions"]["numpy"] = "1.0"
    manifest.write_text(json.dumps(raw))
    assert verify(contest).notes == (f"other versions than at the draw: numpy 1.0 then, {now} now",)
    assert verify(contest).same
    sample.write_text("".join(lines(sample)[:-1]))
    assert "NumPy does not promise the same random stream in every version" in verify(contest).notes[0]


def test_earlier_draws_are_told(contest):
    write(contest, "1")
    write(contest, "2")
    found = verify(contest)
    assert found.same
    assert found.notes[0].startswith("there are other draws beside this one (seed '2'): manifest-")
    assert found.notes[0].endswith(".json with seed '1'")
    kept = next(contest.out.glob("sample-*.csv"))
    found = verify(contest, kept)
    assert (found.same, found.seed) == (True, "1")
    assert found.notes == ("there are other draws beside this one (seed '1'): manifest.json with seed '2'",)


def test_a_commitment_is_followed(contest):
    commitment = write_commitment(contest, load_frame(contest), Design(12))[1]
    write(contest, "4-1-6-2")
    found = verify(contest)
    assert (found.same, found.commitment) == (True, commitment["sha256"])
    (contest.out / "commitment.json").unlink()
    found = verify(contest)
    assert found.same
    assert found.notes == (
        f"commitment.json is not here: compare the published hash with the manifest's {commitment['sha256']}",
    )


def test_a_draw_that_left_the_commitment_out(contest):
    write(contest, n=9)
    frame = load_frame(contest)
    write_commitment(contest, frame, Design(12))
    found = verify(contest)
    assert found.differences[0].endswith("the manifest has none")
    assert found.differences[1] == "committed design n: expected 12, found 9"


def test_a_changed_baseline_matters_only_when_the_list_does(make_contest):
    folder = make_contest(stations=60, extra_toml='[baseline]\npath = "baseline.csv"\n')
    (folder / "baseline.csv").write_text("tps_id,votes_1,votes_2\n" + "".join(f"{i:04d},1,2\n" for i in range(1, 61)))
    contest = load_contest(folder)
    sample, _ = write(contest)
    (folder / "baseline.csv").write_text("tps_id,votes_1,votes_2\n" + "".join(f"{i:04d},2,2\n" for i in range(1, 61)))
    assert verify(contest).same
    assert verify(contest).notes[0].startswith("the baseline file has changed")
    sample.write_text("".join(lines(sample)[:-1]))
    assert verify(contest).differences[-1].startswith("baseline sha256: expected ")


def test_leading_zeros_lost_in_a_spreadsheet_are_another_list(contest):
    sample, _ = write(contest)
    rows = lines(sample)
    sample.write_text("".join([rows[0], *(row.lstrip("0") for row in rows[1:])]))
    assert "12 station(s) missing from the sample" in verify(contest).differences[1]


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda sample, manifest: sample.unlink(), "there is no sample to verify: draw one"),
        (lambda sample, manifest: manifest.unlink(), "there is no manifest, so the draw can't be repeated"),
        (lambda sample, manifest: manifest.write_text("[1]"), "this is no manifest of a draw"),
        (lambda sample, manifest: manifest.write_text("{"), "this is no manifest of a draw"),
        (
            lambda sample, manifest: manifest.write_text(manifest.read_text().replace('"minimum"', '"magic"')),
            "the design has 'magic', which quickcount",
        ),
    ],
)
def test_what_can_t_be_verified(contest, break_it, message):
    break_it(*write(contest))
    with pytest.raises(DesignError, match=message):
        verify(contest)
