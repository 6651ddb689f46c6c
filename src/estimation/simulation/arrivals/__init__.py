"""In which order the stations of a sample report: arrival models, for backtests and rehearsals alike."""

from estimation.simulation.arrivals.log_logistic import BALI_2024, LogLogistic, Survival
from estimation.simulation.arrivals.models import (
    Adverse,
    AreaOrder,
    ArrivalModel,
    Missing,
    Ordered,
    Random,
    arrived,
    ranks,
)
from estimation.simulation.arrivals.named import MODELS, arrival_model
from estimation.simulation.arrivals.recorded import Recorded, recorded

__all__ = [
    "BALI_2024",
    "MODELS",
    "Adverse",
    "AreaOrder",
    "ArrivalModel",
    "LogLogistic",
    "Missing",
    "Ordered",
    "Random",
    "Recorded",
    "Survival",
    "arrival_model",
    "arrived",
    "ranks",
    "recorded",
]
