"""What has arrived of the sample as its second phase: weights calibrated against the order of arrival."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.baseline import PREFIX
from estimation.contest import EstimateTable
from estimation.errors import EstimateError
from estimation.estimators.controls import BASELINE, REGISTERED, STATIONS, STRATUM
from estimation.estimators.weighting import CLASSES, TooManyControlsError, Weighting, weigh
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling import Strata
from estimation.survey import Linear, Structure, ratio
from estimation.survey.calibration import Calibration, calibrate, residual
from estimation.survey.variance import default
from estimation.survey.variance.kernel import Covariance, chance, second_phase

NAME = "two-phase"
POSITIVE = ("raking", "logit")  # distances whose g-weights stay positive, as the inverse of a chance does
FEWEST_CLASSES = 3  # different rolls that classes of the roll need


def two_phase(
    frame: Frame, rows: IntArray, strata: Strata, structure: Structure, table: EstimateTable | None = None
) -> Weighting:
    """Calibrate what has arrived to what the frame knows that arrival and votes go with.

    The arrived are a second phase of the drawn. As the frame knows the control variables of every station, they are
    calibrated to it in a single step (Särndal and Lundström 2005, sections 6.1 and 7.1), from weights that
    already stand for the collapsed strata: stations by stratum, stations by class of the roll (``registered/3``), the
    roll, the earlier election's votes, and stations by district where strata are not districts. What is left of the
    bias of non-arrival is what these variables don't explain of arrival or of the votes (ibid., chapter 9).

    The variance is that of the influence's residual e from its regression on the control variables, in both
    phases: the design's own, plus Σ_h (1 - m_h/n_h) m_h/(m_h - 1) Σ_i (e_i - ē_h)² with e times its weight, m_h of
    n_h drawn stations in (Särndal, Swensson and Wretman 1992, section 9.7, with all auxiliaries known of the frame;
    Särndal and Lundström 2005, chapter 11, whose factors 1 - 1/v_i are here the stratum's 1 - m_h/n_h).

    While fewer than three stations are in for each control total, coarser ones are taken, which a notice says:
    without strata (the weights still stand for them), then the number of stations and the roll alone. With
    every station in, it is the estimator ``calibrated`` with the same controls.

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (…, n)
        Frame rows of the sample.
    strata : Strata
        The design's, or the cells within which stations stand for each other.
    structure : Structure
        Of :func:`estimation.estimators.weight_responding`: weights (…, n), 0 = not in.
    table : EstimateTable, optional
        ``auxiliaries`` (then nothing coarser is taken), ``distance`` and ``bounds``. The distance is ``raking``
        where ``logit`` is not asked for: g = exp(λ'x) is what the inverse of a chance to be in may look like,
        which a linear g, negative for stations of a kind that is rarely in, is not (Kott 2006).

    Raises
    ------
    EstimateError
        As :func:`estimation.estimators.weigh`; ``TooManyControlsError``: too few are in for the coarsest controls.
    """
    table = table or EstimateTable()
    table = table if table.distance in POSITIVE else replace(table, distance="raking")
    first: TooManyControlsError | None = None
    for entries in [table.auxiliaries] if table.auxiliaries else choices(frame, strata):
        try:
            found = weigh("calibrated", frame, rows, strata, structure, replace(table, auxiliaries=entries))
        except TooManyControlsError as error:
            first = first or error
            continue
        fewer = () if first is None else (Notice("W324", {"stations": first.stations, "controls": first.controls}),)
        return replace(found, name=NAME, notes=(*found.notes, *fewer))
    raise first or EstimateError("two-phase calibration has no controls")


def choices(frame: Frame, strata: Strata) -> list[tuple[str, ...]]:
    """List the control totals of :func:`two_phase` from the most to the fewest."""
    roll = frame.registered[np.isfinite(frame.registered)]
    sizes = (f"{STATIONS} by {CLASSES}",) if len(np.unique(roll)) >= FEWEST_CLASSES else ()
    known = (REGISTERED,) if len(roll) else ()
    earlier = (BASELINE,) if any(column.startswith(PREFIX) for column in frame.table.columns) else ()
    places = () if strata.columns == "district" else (f"{STATIONS} by district",)
    base = (*sizes, *known, *earlier)
    every = [
        (f"{STATIONS} by {STRATUM}", *base, *places),
        (f"{STATIONS} by {STRATUM}", *base),
        base or (STATIONS,),
        (STATIONS, *known),
    ]
    return list(dict.fromkeys(every))


@dataclass(frozen=True, slots=True)
class Phases:
    """The arrived, calibrated to the frame and to the drawn sample.

    Attributes
    ----------
    structure : Structure
        The design of what is in.
    known : Calibration
        The arrived, calibrated to the frame alone: the first phase's regression.
    both : Calibration
        The arrived, calibrated to the frame and to what the drawn sample says: the weights.
    """

    structure: Structure
    known: Calibration
    both: Calibration

    @property
    def weight(self) -> Array:
        """Final weights, shape (…, n)."""
        return self.both.weight

    def linear(self, y: Array, x: Array) -> tuple[Linear, Linear]:
        """Estimate ratios Σ w y / Σ w x, with the influence in the first phase and in the second.

        Parameters
        ----------
        y, x : numpy.ndarray, shape (…, n, k)

        Returns
        -------
        tuple of Linear
            The same θ; residuals from the variables that the frame knows, and from all.
        """
        found = ratio(y, x, self.weight)
        first = residual(found, self.known)
        return Linear(found.theta, first.influence, self.weight), residual(found, self.both)

    def covariance(self, y: Array, x: Array, covariance: Covariance | None = None) -> Array:
        """Estimate the covariance of the ratios, shape (…, k, k).

        V₁(e₁) + V₂(e): the design's variance of the first phase's residual, and simple sampling of the arrived
        from the drawn, inside strata, of the second's (Särndal, Swensson and Wretman 1992, section 9.7; Cochran
        1977, eq. 12.51, for one variable and one stratum).

        Parameters
        ----------
        covariance : function, optional
            Of (expanded, structure), both phases in one; by default the one that belongs to the design.
        """
        first, second = self.linear(y, x)
        own = covariance or default(self.structure)[1]
        here = np.asarray(own(first.expanded, self.structure))
        more = second_phase(second.expanded, self.structure) - second_phase(first.expanded, self.structure)
        return np.asarray(here + more)


def calibrate_phases(
    structure: Structure,
    known: Array,
    totals: Array,
    sampled: Array,
    *,
    names: Sequence[str] | None = None,
    drawn: Array | None = None,
) -> Phases:
    """Calibrate the arrived to the frame's totals, and to the drawn sample's where the frame has none.

    First the drawn sample, weights 1/π, is calibrated to the totals of the known variables; with these weights it
    gives totals of what is known of the drawn stations alone, in or not (voters at noon, the roll on the
    form); then the arrived are calibrated to both together, linearly (Särndal, Swensson and Wretman 1992,
    section 9.7; Särndal and Lundström 2005, section 6.1, information on U and on s).

    Parameters
    ----------
    structure : Structure
        Of what is in: weights (…, n), 0 = not in.
    known : numpy.ndarray, shape (n, q) or (…, n, q)
        Variables whose totals the frame has, of every drawn station; the first may be 1, with total N.
    totals : numpy.ndarray, shape (q,)
        Their totals.
    sampled : numpy.ndarray, shape (n, p) or (…, n, p)
        Variables known of every drawn station.
    names : sequence of str, optional
        Of the q + p variables.
    drawn : numpy.ndarray, shape (n,) or (…, n), optional
        Weights of the drawn stations; by default 1/π.

    Raises
    ------
    EstimateError
        A sampled variable is unknown at a drawn station; and as :func:`estimation.survey.calibration.calibrate`.
    """
    weight = 1 / chance(structure) if drawn is None else drawn
    q = known.shape[-1]
    labels = tuple(names) if names is not None else None
    head = None if labels is None else labels[:q]
    absent = np.argwhere(~np.isfinite(sampled))
    if len(absent):
        name = f"sampled variable {absent[0][-1] + 1}" if labels is None else f"'{labels[q + absent[0][-1]]}'"
        raise EstimateError(f"{name} has no number at a drawn station: fill it, or leave the variable out")
    whole = calibrate(weight, known, totals, names=head)
    means = (whole.weight[..., None, :] @ sampled)[..., 0, :]
    lead = np.broadcast_shapes(known.shape[:-1], sampled.shape[:-1])
    every = np.concatenate([np.broadcast_to(part, (*lead, part.shape[-1])) for part in (known, sampled)], axis=-1)
    given = np.concatenate([np.broadcast_to(totals, (*means.shape[:-1], q)), means], axis=-1)
    return Phases(
        structure,
        calibrate(structure.weight, known, totals, names=head),
        calibrate(structure.weight, every, given, names=labels),
    )
