"""``manifest.json``: what makes a draw, so that somebody else can repeat it."""

import hashlib
import json

import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import Design, draw, read_sample, write_draw
from estimation.sampling.manifest import Manifest, read_manifest


@pytest.fixture
def contest(make_contest):
    return load_contest(make_contest(stations=14))


def write(contest, seed="1", where=None):
    frame, design = load_frame(contest, where), Design(7 if where is None else 3, seed=seed)
    return write_draw(contest, frame, design, draw(frame, design))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_contents(contest):
    sample, manifest = write(contest)
    held = json.loads(manifest.read_text(encoding="utf-8"))
    versions = held.pop("versions")
    assert held == {
        "schema": "manifest/1",
        "contest": "small",
        "frame": {"stations": 14, "where": None, "sha256": digest(contest.folder / "frame.csv")},
        "design": {
            "method": "stratified",
            "strata": "district",
            "allocation": "proportional",
            "minimum": 2,
            "n": 7,
        },
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
    assert sorted(path.name for path in contest.out.iterdir()) == ["manifest.json", "sample.csv"]


def test_a_sample_that_is_replaced_is_kept_under_its_hash(contest):
    sample, manifest = write(contest, seed="1")
    old, mark = (sample.read_bytes(), manifest.read_bytes()), digest(sample)[:12]
    write(contest, seed="2")
    kept = contest.out / f"sample-{mark}.csv", contest.out / f"manifest-{mark}.json"
    assert tuple(path.read_bytes() for path in kept) == old
    assert sample.read_bytes() != old[0]
    assert read_manifest(sample) == Manifest("district", "2", None)


def test_another_program_s_sample_is_kept_too(contest):
    contest.out.mkdir()
    (contest.out / "sample.csv").write_text("tps_id\n0001\n")
    mark = digest(contest.out / "sample.csv")[:12]
    write(contest)
    assert (contest.out / f"sample-{mark}.csv").read_text() == "tps_id\n0001\n"


def test_the_area_is_remembered(contest):
    sample, _ = write(contest, where="district=A")
    assert read_manifest(sample) == Manifest("district", "1", "district=A")


def test_the_manifest_of_another_sample_is_not_used(contest):
    sample, _ = write(contest)
    sample.write_text(sample.read_text().replace("stratified", "stratified "))
    assert read_manifest(sample) is None
    assert read_sample(sample, load_frame(contest), "district").method == "stratified"


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
