"""The multilevel predictor for partial returns."""

from estimation.estimators.multilevel.constants import Constants
from estimation.estimators.multilevel.ground import Ground, ground
from estimation.estimators.multilevel.order import arrival_rank
from estimation.estimators.multilevel.predict import predict

__all__ = ["Constants", "Ground", "arrival_rank", "ground", "predict"]
