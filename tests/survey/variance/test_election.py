"""Published values: the sample of 40 counties of the US presidential election of 2004, drawn by Tillé's method.

The numbers are those of R survey's documentation (``help(election)``), standard errors to the last whole vote. The data
belong to that package; they are read from it where R and the package are installed, and nothing of them is kept here.
"""

import shutil
import subprocess
from functools import partial

import numpy as np
import pandas as pd
import pytest

from estimation.errors import EstimateError
from estimation.survey import Structure
from estimation.survey.variance import (
    brewer,
    hartley_rao,
    horvitz_thompson,
    overton,
    with_replacement,
    yates_grundy,
)

TOTALS = [64_518_472, 51_202_102, 478_530]  # Bush, Kerry, Nader
READ = """
data(election, package = "survey")
write.csv(format(election_pps[c("Bush", "Kerry", "Nader", "p")], digits = 17), "sample.csv", row.names = FALSE)
write.csv(format(election_jointprob, digits = 17), "joint.csv", row.names = FALSE)
writeLines(format(sum(election$p^2) / 40, digits = 17), "population.txt")
"""


@pytest.fixture(scope="module")
def counties(tmp_path_factory):
    """The sample, its structure, and Σ p² / n over all counties."""
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed: the counties are in R's package survey")
    folder = tmp_path_factory.mktemp("election")
    done = subprocess.run(["Rscript", "-e", READ], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"R's package survey is not installed: {done.stderr.strip().splitlines()[-1]}")
    table = pd.read_csv(folder / "sample.csv")
    joint = pd.read_csv(folder / "joint.csv").to_numpy(dtype=np.float64)
    pi = table["p"].to_numpy(dtype=np.float64)
    np.fill_diagonal(joint, pi)
    structure = Structure(1 / pi, np.zeros(40, dtype=np.intp), np.array([4600.0]), probability=pi, joint=joint)
    votes = table[["Bush", "Kerry", "Nader"]].to_numpy(dtype=np.float64)
    return votes / pi[:, None], structure, float((folder / "population.txt").read_text())


def approximated(values, structure, mean_square=None, *, middle=1.0):
    """Horvitz–Thompson with Hartley and Rao's joint probabilities, or with Overton's (middle ½)."""
    pi = structure.probability
    less = middle * np.add.outer(pi, pi) - (0.0 if middle < 1 else pi.mean() if mean_square is None else mean_square)
    joint = np.multiply.outer(pi, pi) * 39 / (40 - less)
    np.fill_diagonal(joint, pi)
    own = Structure(structure.weight, structure.stratum, structure.size, probability=pi, joint=joint)
    return horvitz_thompson(values, own)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("with replacement", (2_671_455, 2_679_433, 105_303)),
        ("brewer", (2_447_629, 2_450_787, 102_420)),
        ("yates-grundy", (2_406_526, 2_408_091, 101_664)),
        ("horvitz-thompson", (2_604_404, 2_523_712, 102_326)),
        ("hartley-rao, population, yates-grundy", (2_436_738, 2_439_845, 102_016)),
        ("hartley-rao, population", (2_624_662, 2_525_222, 102_793)),
        ("hartley-rao, sample", (2_472_753, 2_426_842, 102_595)),
        ("overton", (2_939_608, 1_964_632, 104_373)),
    ],
)
def test_standard_errors_equal_the_published_ones(counties, name, published):
    values, structure, mean_square = counties
    np.testing.assert_allclose(values.sum(axis=0), TOTALS, rtol=0, atol=1)
    functions = {
        "with replacement": with_replacement,
        "brewer": brewer,
        "yates-grundy": yates_grundy,
        "horvitz-thompson": horvitz_thompson,
        "hartley-rao, population, yates-grundy": partial(hartley_rao, mean_square=mean_square),
        "hartley-rao, population": partial(approximated, mean_square=mean_square),
        "hartley-rao, sample": approximated,
        "overton": partial(approximated, middle=0.5),
    }
    se = np.sqrt(np.diagonal(functions[name](values, structure)))
    assert np.round(se).tolist() == list(published)


def test_overton_in_the_form_of_yates_and_grundy_is_near_brewer(counties):
    values, structure, _ = counties
    near = np.sqrt(np.diagonal(overton(values, structure)) / np.diagonal(brewer(values, structure)))
    np.testing.assert_allclose(near, 1.0, atol=0.05)


def test_without_all_counties_joint_probabilities_do_not_serve(counties):
    values, structure, _ = counties
    weight = structure.weight.copy()
    weight[0] = 0
    part = Structure(weight, structure.stratum, structure.size, joint=structure.joint)
    with pytest.raises(EstimateError, match="yates-grundy needs all 40 drawn stations, and 39 are in: take deville"):
        yates_grundy(values, part)
