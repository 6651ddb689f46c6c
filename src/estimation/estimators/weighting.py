"""The estimators that weight what is in: ratio, separate, post-stratified, raked, calibrated."""

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from estimation.arrays import Array, IntArray, per_station
from estimation.columns import AREA_LEVELS
from estimation.contest import EstimateTable, EstimatorName
from estimation.errors import EstimateError
from estimation.estimators.controls import BASELINE, REGISTERED, STATIONS, STRATUM, Auxiliary, controls_for, lay
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling import Strata
from estimation.survey import Linear, Structure, ratio
from estimation.survey.calibration import Calibration, calibrate, leverage, residual
from estimation.survey.explain import CalibrationError

LARGEST = 1 / 3  # of the stations in: more control totals than that leave too little to estimate a variance from
WIDEST = (0.2, 5.0)  # g-weights outside are drawn back by a ridge, where no bounds are asked for
MOST_LEVERAGE = 0.9  # a station nearly alone in its cell has no residual to speak of: 1 - h is rounding there
UNMET = 1e-6  # relative difference of a total that counts as not met
EACH = 6  # stations in, on average, for each area of a margin
CLASSES = "registered/3"


class TooManyControlsError(EstimateError):
    """More control totals are asked for than the returns can carry.

    Attributes
    ----------
    controls, stations : int
        Totals, and stations that are in.
    """

    def __init__(self, controls: int, stations: int, message: str) -> None:
        super().__init__(message)
        self.controls, self.stations = controls, stations


@dataclass(frozen=True, slots=True)
class Weighting:
    """Weights of the stations that are in, and how an influence goes with them.

    Attributes
    ----------
    name : str
        The estimator's.
    structure : Structure
        The design of what is in, with the weights before calibration.
    calibration : Calibration or None
        None for the plain ratio.
    leverage : bool
        Residuals are corrected for having been fitted; R's are not.
    controls : tuple of str
        The control totals, as they were asked for.
    notes : tuple of Notice
    """

    name: str
    structure: Structure
    calibration: Calibration | None = None
    leverage: bool = True
    controls: tuple[str, ...] = ()
    notes: tuple[Notice, ...] = ()

    @property
    def weight(self) -> Array:
        """Final weights, shape (…, n); 0 where a station is not in."""
        return self.structure.weight if self.calibration is None else self.calibration.weight

    def linear(self, y: Array, x: Array) -> Linear:
        """Estimate ratios of totals, Σ w g y / Σ w g x, with the influence of each station.

        The influence of a calibrated ratio is the residual of its regression on the control
        variables (Deville and Särndal 1992, eq. 3.4; Särndal, Swensson and Wretman 1992, eq. 6.6.3).

        Parameters
        ----------
        y, x : numpy.ndarray, shape (…, n, k)
            Numerators and denominators; zero outside a domain.
        """
        linear = ratio(y, x, self.weight)
        if self.calibration is None:
            return linear
        left = residual(linear, self.calibration)
        return replace(left, influence=left.influence * self._for_the_fit()[..., None]) if self.leverage else left

    def _for_the_fit(self) -> Array:
        """Give what makes residuals as large as errors, √((1 - 1/n_h) / (1 - h_i)) ≥ 1; shape (…, n).

        The regression was fitted to them (Valliant 2002, section 2, as MacKinnon and White's HC2); the mean of each
        stratum is allowed for already, by the n_h / (n_h - 1) of its variance.
        """
        assert self.calibration is not None
        count = per_station(np.maximum(self.structure.count(), 1), self.structure.stratum)
        h = np.minimum(leverage(self.calibration), MOST_LEVERAGE)
        return np.asarray(np.sqrt(np.maximum((1 - 1 / count) / (1 - h), 1.0)))

    def refit(self, weight: Array) -> Array:
        """Weight again, as a replicate needs it: weights before calibration (R, n) to final ones (R, n)."""
        if self.calibration is None:
            return weight
        c = self.calibration
        bounds = c.range if c.distance in ("logit", "truncated") else None
        ridge = float(c.ridge) if c.ridge > 0 else None
        return calibrate(weight, c.auxiliary, c.totals, c.distance, bounds=bounds, scale=c.scale, ridge=ridge).weight


def design_weighting(structure: Structure) -> Weighting:
    """Weight by the design alone: the combined ratio estimator."""
    return Weighting("ratio", structure)


def weigh(
    name: EstimatorName,
    frame: Frame,
    rows: IntArray,
    strata: Strata,
    structure: Structure,
    table: EstimateTable | None = None,
) -> Weighting:
    """Weight what is in by an estimator's name.

    ==============  ==========================================================================================
    name            control totals, unless ``[estimate] auxiliaries`` names others
    ==============  ==========================================================================================
    ratio           none: the combined ratio estimator (Cochran 1977, section 6.11)
    separate        the roll of each stratum, by g = X_h / X̂_h: the separate ratio estimator (Cochran 1977, section
                    6.10) of votes and valid votes to the roll
    poststratified  stations of each class of the roll (``registered/3``), as early returns are small ones
    raked           stations by district (by regency or province where districts are many) and by class of the
                    roll, each margin alone, multiplicative distance
    calibrated      stations by stratum, the roll, and the earlier election's votes where the frame has them;
                    the distance that ``[estimate] distance`` names
    ==============  ==========================================================================================

    Cells with fewer than two stations in are taken together with a neighbour. Where totals can't be met
    with g-weights inside ``[estimate] bounds`` (0.2 … 5 where there are none), they are met as nearly
    as a ridge allows, which a notice says (Bardsley and Chambers 1984).

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (…, n)
        Frame rows of the sample.
    strata : Strata
        What ``stratum`` means: the design's, or the cells within which stations stand for each other.
    structure : Structure
        The design of what is in: weights (…, n), 0 = not in.
    table : EstimateTable, optional
        ``auxiliaries``, ``distance`` and ``bounds``.

    Raises
    ------
    EstimateError
        The frame has not what the estimator needs; ``TooManyControlsError``: more control totals are asked for
        than a third of the stations that are in.
    """
    table = table or EstimateTable()
    if name == "ratio":
        return design_weighting(structure)
    seen = structure.inside
    fewest = int(seen.sum(axis=-1).min())
    entries = table.auxiliaries or _defaults(name, frame, fewest)
    if name == "poststratified" and len(entries) > 1:
        entries = (f"{STATIONS} by {','.join(entries)}",)
    controls = controls_for(frame, entries, strata)
    auxiliary = lay(controls, rows, seen)
    most = auxiliary.values.shape[-1]
    if most > LARGEST * fewest:
        raise TooManyControlsError(
            most,
            fewest,
            f"{most} control totals for {fewest} stations in: at most a third as many can be met with a variance to "
            f"speak of: wait for returns, or name fewer in [estimate] auxiliaries",
        )
    scale = controls.parts[0].values[rows] if name == "separate" else None
    distance = "raking" if name == "raked" else table.distance if name == "calibrated" else "linear"
    calibration, notes = _calibrated(structure, auxiliary, distance, table.bounds, scale)
    joined = (Notice("W320", {"count": auxiliary.joined}),) if auxiliary.joined else ()
    return Weighting(name, structure, calibration, table.leverage, controls.entries, (*controls.notes, *joined, *notes))


def _defaults(name: str, frame: Frame, stations: int) -> tuple[str, ...]:
    """Choose control totals from what the frame has, and that so many stations can carry."""
    if name == "separate":
        return (f"{REGISTERED} by {STRATUM}",)
    roll = frame.registered[np.isfinite(frame.registered)]
    classes = (CLASSES,) if len(np.unique(roll)) >= 3 else ()  # as many as there are classes
    if name == "poststratified":
        return classes or ("district",)
    if name == "raked":
        fits = [level for level in AREA_LEVELS[2::-1] if len(frame.areas(level).paths) * EACH <= stations]
        return ((fits or [AREA_LEVELS[0]])[0], *classes)
    earlier = (BASELINE,) if any(column.startswith("baseline_") for column in frame.table.columns) else ()
    return (f"{STATIONS} by {STRATUM}", REGISTERED, *earlier)


def _calibrated(
    structure: Structure,
    auxiliary: Auxiliary,
    distance: str,
    bounds: tuple[float, float] | None,
    scale: Array | None,
) -> tuple[Calibration, tuple[Notice, ...]]:
    """Calibrate exactly where that can be done with bearable weights, else with a ridge, linearly."""
    problem = structure.weight, auxiliary.values, auxiliary.totals
    limits = bounds or WIDEST
    if distance == "logit":
        # what bounds can't be met with is what the ridge is for
        with suppress(CalibrationError):
            return calibrate(*problem, "logit", bounds=limits, scale=scale, names=auxiliary.names), ()
        distance = "linear"
    calibration = calibrate(*problem, distance, bounds=limits, scale=scale, ridge="automatic", names=auxiliary.names)
    far = np.abs(calibration.unmet) > UNMET
    if not far.any():
        return calibration, ()
    worst = 100 * float(np.abs(calibration.unmet).max())
    return calibration, (Notice("W323", {"count": int(far.sum()), "percent": worst}),)
