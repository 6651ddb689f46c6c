"""``manifest.json``: what makes a draw, so that somebody else can repeat it."""

import hashlib
import json
from dataclasses import asdict

import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import Design, draw, read_sample, write_draw
from estimation.sampling.draw_manifest import (
    Manifest,
    canonical_design,
    design_differences,
    design_from,
    design_words,
    read_manifest,
    write_commitment,
)


@pytest.fixture
def contest(make_contest):
    return load_contest(make_contest(stations=14))


def write(contest, seed="1", where=None):
    frame, design = load_frame(contest, where), Design(7 if where is None else 3, seed=seed)
    return write_draw(contest, frame, design, draw(frame, design))


def held_by(seed, where=None):
    parts = asdict(Design(7 if where is None else 3))
    return Manifest({name: value for name, value in parts.items() if name != "seed"}, seed, where)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_contents(contest):
    sample, manifest = write(contest)
    held = json.loads(manifest.read_text(encoding="utf-8"))
    versions = held.pop("versions")
    assert {"method": "stratified", "strata": "district", "minimum": 2, "n": 7}.items() <= held["design"].items()
    assert held == {
        "schema": "manifest/1",
        "contest": "small",
        "frame": {"stations": 14, "where": None, "sha256": digest(contest.folder / "frame.csv")},
        "design": design_words(Design(7)),
        "seed": "1",
        "sample": {"stations": 7, "sha256": digest(sample)},
        "strata": [
            {"stratum": "JAWA / KOTA / A", "stations": 5, "drawn": 3},
            {"stratum": "JAWA / KOTA / B", "stations": 5, "drawn": 2},
            {"stratum": "JAWA / KOTA / C", "stations": 4, "drawn": 2},
        ],
    }
    assert sorted(versions) == ["numpy", "pandas", "python", "quickcount"]


def test_the_same_seed_gives_the_same_bytes_and_nothing_is_moved(contest):
    before = [path.read_bytes() for path in write(contest)]
    assert [path.read_bytes() for path in write(contest)] == before
    assert sorted(path.name for path in contest.out.iterdir()) == ["draws.jsonl", "manifest.json", "sample.csv"]


def test_a_sample_that_is_replaced_is_kept_under_its_hash(contest):
    sample, manifest = write(contest, seed="1")
    old, mark = (sample.read_bytes(), manifest.read_bytes()), digest(sample)[:12]
    write(contest, seed="2")
    kept = contest.out / f"sample-{mark}.csv", contest.out / f"manifest-{mark}.json"
    assert tuple(path.read_bytes() for path in kept) == old
    assert sample.read_bytes() != old[0]
    assert read_manifest(sample) == held_by("2", None)


def test_another_program_s_sample_is_kept_too(contest):
    contest.out.mkdir()
    (contest.out / "sample.csv").write_text("tps_id\n0001\n")
    mark = digest(contest.out / "sample.csv")[:12]
    write(contest)
    assert (contest.out / f"sample-{mark}.csv").read_text() == "tps_id\n0001\n"


def test_the_area_is_remembered(contest):
    sample, _ = write(contest, where="district=A")
    assert read_manifest(sample) == held_by("1", "district=A")


def test_the_manifest_of_another_sample_is_not_used(contest):
    sample, _ = write(contest)
    sample.write_text(sample.read_text().replace("stratified", "stratified "))
    assert read_manifest(sample) is None
    assert read_sample(sample, load_frame(contest), Design(7)).method == "stratified"


def test_no_manifest_is_none(contest):
    sample, manifest = write(contest)
    manifest.unlink()
    assert read_manifest(sample) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"sample": {}}', '{"sample": 1}'])
def test_a_manifest_that_is_none_is_an_error(contest, text):
    sample, manifest = write(contest)
    manifest.write_text(text)
    with pytest.raises(DesignError, match=r"manifest\.json: this is no manifest of a draw .* draw again, or remove it"):
        read_manifest(sample)


def commit(contest, **changes):
    frame = load_frame(contest, changes.pop("where", None))
    return write_commitment(contest, frame, Design(**{"n": 7, "seed": "unknown yet"} | changes))


def test_commitment_can_be_checked_with_hashlib_alone(contest):
    path, commitment = commit(contest)
    held = json.loads(path.read_text(encoding="utf-8"))
    assert held == commitment
    assert held["frame"] == {"stations": 14, "where": None, "sha256": digest(contest.folder / "frame.csv")}
    assert held["design_sha256"] == hashlib.sha256(held["design_text"].encode()).hexdigest()
    lines = f"{held['frame']['sha256']}\n{held['design_sha256']}\n"
    assert held["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert json.loads(held["design_text"]) == held["design"]
    assert held["design"]["n"] == 7
    assert "seed" not in held["design"]
    for language in ("id", "en"):
        assert held["sha256"] in held["publish"][language]
        assert "A small contest" in held["publish"][language]


def test_canonical_design_has_one_form():
    assert canonical_design({"n": 7, "a": ["ü", 1.5], "where": None}) == '{"a":["ü",1.5],"n":7,"where":null}'


def test_the_baseline_is_committed_where_there_is_one(make_contest):
    folder = make_contest(stations=14, extra_toml='[baseline]\npath = "baseline.csv"\n')
    (folder / "baseline.csv").write_text("tps_id,votes_1,votes_2\n" + "".join(f"{i:04d},1,2\n" for i in range(1, 15)))
    contest = load_contest(folder)
    held = commit(contest)[1]
    parts = [held["frame"]["sha256"], held["design_sha256"], digest(folder / "baseline.csv")]
    assert held["sha256"] == hashlib.sha256("".join(f"{part}\n" for part in parts).encode()).hexdigest()
    assert json.loads(write(contest)[1].read_text())["baseline"] == {"sha256": parts[2]}
    (folder / "baseline.csv").write_text("tps_id,votes_1,votes_2\n" + "".join(f"{i:04d},2,2\n" for i in range(1, 15)))
    with pytest.raises(DesignError, match="baseline sha256: expected"):
        write(contest)


def test_the_manifest_carries_the_commitment(contest):
    held = commit(contest)[1]
    _, manifest = write(contest, seed="4-1-6-2")
    assert json.loads(manifest.read_text(encoding="utf-8"))["commitment"] == held["sha256"]
    assert read_manifest(contest.out / "sample.csv") == held_by("4-1-6-2", None)


def test_committing_twice_changes_nothing_and_committing_to_another_stops(contest):
    path, _ = commit(contest)
    before = path.read_bytes()
    commit(contest, seed="still unknown")
    assert path.read_bytes() == before
    with pytest.raises(DesignError, match=r"not what was committed: design n: expected 7, found 8: put back"):
        commit(contest, n=8)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 9}, "design n: expected 9, found 7"),
        ({"minimum": 1}, "design minimum: expected 1, found 2"),
        ({"n": 3, "where": "district=A"}, "design where: expected 'district=A', found None"),
    ],
)
def test_another_design_than_the_committed_one_stops(contest, changes, message):
    path, _ = commit(contest, **changes)
    with pytest.raises(DesignError, match=message):
        write(contest)
    assert sorted(file.name for file in contest.out.iterdir()) == ["commitment.json", "draws.jsonl"]
    path.unlink()
    write(contest)


def test_another_frame_than_the_committed_one_stops(contest):
    commit(contest)
    frame = contest.folder / "frame.csv"
    frame.write_text(frame.read_text().replace(",301", ",302"))
    with pytest.raises(DesignError, match=f"frame sha256: expected [0-9a-f]{{64}}, found {digest(frame)}"):
        write(contest)


def test_an_altered_commitment_is_found_out(contest):
    path, _ = commit(contest)
    path.write_text(path.read_text().replace('"n": 7', '"n": 8'))
    with pytest.raises(DesignError, match="its hashes are not those of its contents, so it was altered"):
        write(contest)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"design": 1}'])
def test_a_commitment_that_is_none_is_an_error(contest, text):
    path, _ = commit(contest)
    path.write_text(text)
    with pytest.raises(DesignError, match="this is no commitment"):
        write(contest)


def test_a_design_part_that_was_not_written_has_its_default():
    assert design_differences({"n": 7, "minimum": 2}, {"n": 7}) == []
    assert design_differences({"n": 7}, {"n": 7, "minimum": 3}) == ["minimum: expected 2, found 3"]


def test_a_design_is_read_back():
    design = Design(7, seed="x")
    assert design_from(design_words(design), "x") == design


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"n": 7, "magic": 1}, "the design has 'magic', which quickcount .* does not know"),
        ({"strata": "district"}, "the design is not complete"),
    ],
)
def test_a_design_that_can_t_be_read_back(words, message):
    with pytest.raises(DesignError, match=message):
        design_from(words, "1")
