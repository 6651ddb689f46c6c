"""The log-logistic model of arrival: against R, on what is known, on the night of Bali."""

import numpy as np
import pandas as pd
import pytest
from arrival_fit import area_part, fit_log_logistic, fit_night

from estimation.errors import DesignError, EstimateError
from estimation.frame import Frame
from estimation.rules import Findings
from estimation.seeds import generator
from estimation.simulation.arrivals import BALI_2024, LogLogistic, Survival

# set.seed(4); n <- 40; x1 <- round(rnorm(n), 2); x2 <- round(runif(n), 2)
# t <- round(exp(5 + 0.4 * x1 - 0.6 * x2 + 0.5 * rlogis(n)), 1); d <- as.integer(t <= 180); t <- pmin(t, 180)
# f <- survreg(Surv(t, d) ~ x1 + x2, dist = "loglogistic", control = survreg.control(rel.tolerance = 1e-14))
# coef(f); f$scale; f$loglik[2]; vcov(f)        (R 4.2.2, survival 3.5.3)
X1 = """0.22 -0.54 0.89 0.6 1.64 0.69 -1.28 -0.21 1.9 1.78 0.57 0.02 0.38 -0.05 0.03 0.17 1.17 -0.04 -0.1 -0.28
1.54 0.17 1.31 1.29 0.59 -0.28 1.26 0.91 -0.93 1.24 0.15 1.05 -0.75 -1.48 0.86 -0.4 -0.23 0.93 -0.47 -0.64"""
X2 = """0.91 0.71 0.57 0.92 0.9 0.06 0.05 0.99 0.21 0.93 0.19 0.13 0.54 0.27 0.35 0.08 0.77 0.44 0.04 0.7 0.25
0.63 0.27 0.53 0.47 0.57 0.67 0.21 0.98 0.81 0.28 0.4 0.29 0.49 0.76 0.51 0.44 0.79 0.91 0.07"""
T = """38.3 62.9 180 65.1 53.9 180 180 37.7 180 125.8 138.2 66.6 90.8 58.7 180 180 180 69.3 121.4 9.9 180 155.3
144.1 180 63.9 83.6 180 180 102.5 133.7 99 34.6 111.7 180 77.2 180 54 83.1 68.4 180"""


def numbers(text):
    return np.array(text.split(), dtype=np.float64)


def test_the_fit_equals_survreg():
    times = numbers(T)
    found = fit_log_logistic(times, times < 180, np.column_stack([numbers(X1), numbers(X2)]), ("x1", "x2"))
    assert found.names == ("intercept", "x1", "x2")
    np.testing.assert_allclose(found.coefficients, [5.38376295563083, 0.21865472025624, -1.31749140939578], rtol=1e-8)
    assert found.scale == pytest.approx(0.437982329897539, rel=1e-8)
    assert found.log_likelihood == pytest.approx(-152.342534683290, rel=1e-12)
    expected = [
        [0.06928920253042020, -0.00284024013081582, -0.0949625984486018, 0.00947657103975671],
        [-0.00284024013081582, 0.02498067931719646, -0.0109918366551391, 0.00132012256825348],
        [-0.09496259844860179, -0.01099183665513909, 0.1797683516681505, -0.01112477509714774],
        [0.00947657103975671, 0.00132012256825348, -0.0111247750971477, 0.02813166509540999],
    ]
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-7)


def test_the_fit_recovers_what_it_is_given():
    rng = generator(11, "survival")
    true, scale, end = np.array([5.0, 0.4]), 0.6, 240.0
    z, scales = [], []
    for _ in range(60):
        x = rng.normal(size=(400, 1))
        times = np.exp(true[0] + x @ true[1:] + scale * rng.logistic(size=400))
        fit = fit_log_logistic(np.minimum(times, end), times <= end, x)
        z.append((fit.coefficients - true) / np.sqrt(np.diag(fit.covariance)[:2]))
        scales.append((np.log(fit.scale) - np.log(scale)) / np.sqrt(fit.covariance[2, 2]))
    z, scales = np.array(z), np.array(scales)
    assert np.abs(z.mean(axis=0)).max() < 3.3 / np.sqrt(60)
    assert abs(scales.mean()) < 3.3 / np.sqrt(60) + 0.1  # maximum likelihood's scale is a little small
    inside = (np.abs(z) < 1.96).sum()
    assert 105 <= inside <= 120  # of 120: binomial, p = 0.95, 99.9 %


def test_times_have_the_fitted_distribution_and_areas_go_together(large):
    survival = Survival(("intercept", "size"), np.array([5.0, 0.5]), 0.6, np.zeros((3, 3)))
    model = LogLogistic(survival, (("district", 0.2), ("village", 0.1)))
    rows = np.tile(np.arange(1200), (40, 1))
    times = model(large, rows, generator(13))
    size = np.log(large.frame.registered / large.frame.registered.mean())[:, None]
    # each night's part below the fitted medians has the variance of correlated signs
    below = (times < np.exp(survival.centre(size))).mean(axis=1)
    assert below.mean() == pytest.approx(0.5, abs=4 * below.std(ddof=1) / np.sqrt(40))
    parts = []
    for night in times:
        end = np.full(1200, 200.0)
        in_time = night <= end
        parts.append(
            [
                area_part(survival, np.minimum(night, end), in_time, size, large.frame.areas(level).codes)
                for level in ("district", "village")
            ]
        )
    mean, error = np.mean(parts, axis=0), np.std(parts, axis=0, ddof=1) / np.sqrt(40)
    np.testing.assert_array_less(np.abs(mean - [0.2, 0.3]), 4 * error)


def test_what_cannot_be_fitted():
    times, seen = np.arange(1.0, 9.0), np.ones(8, dtype=np.bool_)
    x = np.arange(8.0)[:, None] % 3
    for given_, observed, covariates, text in (
        (times - 1, seen, x, "a time of arrival is not positive: count from before the first"),
        (times, seen, np.where(x == 2, np.nan, x), "covariate 'size' is not a number at some station"),
        (times, times < 3, x, "2 stations are in, and 3 parameters need 4: leave covariates out"),
        (np.ones(8), seen, x, "all stations came in at one time"),
        (times, seen, np.ones((8, 1)), "the covariates size are collinear: leave one out"),
        (np.exp(x[:, 0] + 1), seen, x, "the likelihood of arrival times has no maximum"),
    ):
        with pytest.raises(EstimateError, match=text):
            fit_log_logistic(given_, observed, covariates, ("size",))
    with pytest.raises(DesignError, match="parts of the variance between areas are 0 or more, and at most 1"):
        LogLogistic(BALI_2024.survival, (("district", 0.8), ("village", 0.3)))
    with pytest.raises(EstimateError, match="no area has two stations"):
        area_part(BALI_2024.survival, times, seen, x, np.arange(8))
    with pytest.raises(EstimateError, match="some stations were waited for until 8 only: take a moment before, not 9"):
        area_part(BALI_2024.survival, times, times < 8, x, np.zeros(8, np.intp), 9)


def test_the_night_of_bali_is_what_its_data_say(shared):
    folder = shared / "data" / "bali-2024"
    path = ["regency", "district", "village"]
    frame, reports = (pd.read_parquet(folder / f"{name}.parquet") for name in ("frame", "reports"))
    before = pd.read_csv(folder / "baseline_2019_village.csv")[[*path, "registered"]]
    table = frame.drop(columns="registered").merge(reports[["tps_id", "form_uploaded_at"]], how="left", on="tps_id")
    table = table.astype(dict.fromkeys(path, str)).merge(before, how="left", on=path)
    table["registered"] = table["registered"] / table.groupby(path)["tps_id"].transform("size")
    minutes = (pd.to_datetime(table["form_uploaded_at"]) - pd.Timestamp("2024-02-14T12:00")) / pd.Timedelta(minutes=1)
    kept = ~(minutes < 60).to_numpy()
    table, minutes = table[kept].reset_index(drop=True), minutes[kept].to_numpy()
    seen = minutes <= 720
    assert (len(table), int(seen.sum())) == (12710, 3900)
    found = fit_night(
        Frame(table, "0", Findings.none()),
        np.where(seen, minutes, 720.0),
        seen,
        at=600.0,
        levels=("district", "village"),
    )
    np.testing.assert_allclose(found.survival.coefficients, BALI_2024.survival.coefficients, atol=5e-4)
    assert found.survival.scale == pytest.approx(BALI_2024.survival.scale, abs=6e-4)
    np.testing.assert_allclose(
        np.sqrt(np.diag(found.survival.covariance)), np.sqrt(np.diag(BALI_2024.survival.covariance)), atol=6e-4
    )
    for (level, part), (same, carried) in zip(found.parts, BALI_2024.parts, strict=True):
        assert level == same
        assert part == pytest.approx(carried, abs=6e-4)
