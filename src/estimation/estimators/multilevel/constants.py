"""What the predictor assumes before a vote is counted, each number with its origin."""

from dataclasses import dataclass

from estimation.errors import EstimateError

WIDE = ("province", "regency")


@dataclass(frozen=True, slots=True)
class Constants:
    """Constants of the multilevel predictor.

    Attributes
    ----------
    delta : float
        Bias that the slope on the order of arrival can't learn, in standard deviations between stations, when
        nothing is in; it shrinks with what is out, δ (1 - p). Replays of real nights give, net of sampling noise,
        0.06 … 0.11 (Indonesia 2024, with kecamatan and baseline), 0.00 … 0.14 (Mexico 2018) and 0.14 … 0.22 (Bolivia
        2019): 0.05 by default, 0.10 is cautious, 0.14 for batches without times, 0.25 a stress test.
    tau : float
        Standard deviation of the slope, in standard deviations between stations over the whole order of arrival.
        Learning it instead widens intervals by 20 to 30 % in the same replays. On no replayed night did the slope
        learn much, so that it is an allowance like δ. With δ = 0.10 and τ = 0.2 intervals of 95 % held the truth on
        98 % of nights; each of six elections left out in turn, the others asked for δ = 0 and τ = 0.05, and 95 % then
        held on 93.5 to 97.5 % (benchmarks/calibration). The defaults stand between, as nights to come may be worse.
    kappa : float
        A station's variance falls with its size as x^-κ: 0 for stations that differ as wholes, 1 for independent
        voters. Between 0.5 and 1 the replays hardly tell; the middle is taken.
    phi : tuple of float
        Prior variance between stations of a candidate's votes for each voter on the roll, φ θ (1 - θ) turnout² with
        φ = phi[0] + phi[1] (1 - 4 θ (1 - θ)): it is larger relative to θ (1 - θ) for small candidates, who have
        strongholds (Indonesia 2019 and 2024).
    nu0 : float
        Stations that this prior counts for; 3 is the least whole number with a finite variance.
    turnout_variance : float
        Prior variance between stations of turnout and of valid votes for each voter, relative to turnout²: a
        standard deviation of 14 %.
    area_scale : float
        Scale of the half-Cauchy prior of σ_u/σ, areas relative to stations (Gelman 2006 for the family).
    grid : tuple of float
        Values of λ = σ_u²/σ² at each area level, about evenly spaced in their logarithms.
    grid_wide : tuple of float
        The same at the levels in ``WIDE``: provinces and regencies may differ by more than their stations do (East Java
        2019, 600 stations, a quarter in: the interval score falls from 0.99 to 0.91 of the ratio's with the value 3).
    floor : float
        Voters that a station counts for at least as an exposure: special stations (hospitals, prisons) have a roll of
        a few and many voters from elsewhere.
    """

    delta: float = 0.05
    tau: float = 0.1
    kappa: float = 0.75
    phi: tuple[float, float] = (0.04, 0.06)
    nu0: float = 3.0
    turnout_variance: float = 0.02
    area_scale: float = 0.5
    grid: tuple[float, ...] = (0.02, 0.1, 0.35, 1.0)
    grid_wide: tuple[float, ...] = (0.02, 0.1, 0.35, 1.0, 3.0)
    floor: float = 30.0

    def __post_init__(self) -> None:
        for name in ("tau", "nu0", "turnout_variance", "area_scale", "floor"):
            value = getattr(self, name)
            if not value > 0:
                raise EstimateError(f"multilevel: {name} = {value} must be positive")
        if not self.delta >= 0:
            raise EstimateError(f"multilevel: delta = {self.delta} must be 0 or more standard deviations")
        if not 0 <= self.kappa <= 1:
            raise EstimateError(f"multilevel: kappa = {self.kappa} must lie between 0 and 1")
        for grid in (self.grid, self.grid_wide):
            if not grid or not all(value > 0 for value in grid):
                raise EstimateError(f"multilevel: the grid {grid} needs at least one value, all above 0")
        if not min(self.phi[0], self.phi[0] + self.phi[1]) > 0:
            raise EstimateError(f"multilevel: phi = {self.phi} must give a positive variance to every share")
