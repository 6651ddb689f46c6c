"""``quickcount draw --commit`` and ``quickcount verify``: what they say and with which status they end."""

import hashlib
import json

import pytest


@pytest.fixture
def contest(make_contest):
    return make_contest(stations=60)


def test_commit_draw_verify(run, contest):
    status, out, _ = run("draw", contest, "--n", 12, "--commit")
    sha = json.loads((contest / "out/commitment.json").read_text())["sha256"]
    assert status == 0
    assert sha in out.splitlines()[0]
    assert out.splitlines()[0].startswith("Sebelum angka acak diketahui")
    assert not (contest / "out/sample.csv").exists()
    status, out, _ = run("draw", contest, "--n", 12, "--seed", "4-1-6-2")
    assert (status, out.splitlines()[-1]) == (0, f"as committed: {sha}")
    status, out, _ = run("verify", contest)
    assert status == 0
    assert out.splitlines()[0] == "the same 12 stations come out with seed '4-1-6-2'"
    assert out.splitlines()[-1] == f"commitment: {sha}"


def test_a_changed_sample_ends_with_1(run, contest):
    run("draw", contest, "--n", 12)
    sample = contest / "out/sample.csv"
    rows = sample.read_text().splitlines(keepends=True)
    sample.write_text("".join(rows[:-1]))
    status, out, _ = run("verify", contest)
    assert status == 1
    assert out.splitlines()[0] == "this is not the sample that seed '1' gives:"
    assert out.splitlines()[2] == f"  1 station(s) missing from the sample: {rows[-1].split(',')[0]}"
    status, out, err = run("verify", contest, "--json", "-")
    assert (status, json.loads(out)["same"]) == (1, False)
    assert "this is not the sample" in err


def test_another_design_than_the_committed_one_ends_with_1(run, contest):
    run("draw", contest, "--n", 12, "--commit")
    status, _, err = run("draw", contest, "--n", 13, "--seed", 6)
    assert status == 1
    assert "commitment.json: this is not what was committed: design n: expected 12, found 13" in err


def test_a_commitment_needs_a_seed_that_was_said(run, contest):
    assert run("draw", contest, "--commit", "--seed", 1)[0] == 2
    run("draw", contest, "--n", 12, "--commit")
    status, _, err = run("draw", contest, "--n", 12)
    assert status == 2
    assert "give the public random number with --seed" in err


def test_an_impossible_design_is_not_committed(run, contest):
    status, _, err = run("draw", contest, "--n", 61, "--commit")
    assert (status, not (contest / "out").exists()) == (1, True)
    assert "n = 61 is more than the 60 stations there are" in err


def test_a_commitment_after_the_draw_says_so(run, contest):
    run("draw", contest, "--n", 12)
    assert "this commitment proves nothing about it" in run("draw", contest, "--n", 12, "--commit")[1]


def test_strict_verify_minds_notes(run, contest):
    run("draw", contest, "--n", 12, "--seed", 1)
    run("draw", contest, "--n", 12, "--seed", 2)
    assert run("verify", contest)[0] == 0
    assert run("verify", contest, "--strict")[0] == 1


def test_a_draw_by_sha256_says_how_to_check_it(run, contest):
    status, _, _ = run("draw", contest, "--n", 6, "--order", "sha256", "--seed", "4-1-6-2")
    manifest = json.loads((contest / "out/manifest.json").read_text())
    assert status == 0
    assert manifest["design"]["order"] == "sha256"
    assert manifest["tickets"].startswith("ticket = SHA-256 of the UTF-8 bytes of seed + ',' + tps_id")
    drawn = [line.split(",")[0] for line in (contest / "out/sample.csv").read_text().splitlines()[1:]]
    expected = []
    for district in "ABC":
        codes = [f"{i:04d}" for i in range(1, 61) if "ABC"[(i - 1) % 3] == district]
        expected += sorted(codes, key=lambda code: hashlib.sha256(f"4-1-6-2,{code}".encode()).hexdigest())[:2]
    assert drawn == expected
    assert run("verify", contest)[0] == 0


def test_another_method_commits_and_verifies(run, contest):
    words = ("--n", 9, "--method", "cube", "--balance", "registered", "--strata", "")
    assert run("draw", contest, *words, "--commit")[0] == 0
    status, out, _ = run("draw", contest, *words, "--seed", "6")
    assert (status, out.splitlines()[0]) == (0, "9 of 60 stations drawn by cube, seed 6")
    assert run("verify", contest)[0] == 0
