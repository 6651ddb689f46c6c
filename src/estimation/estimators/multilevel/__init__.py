"""The multilevel predictor for partial returns."""

from estimation.estimators.multilevel.arrival_rank import arrival_rank
from estimation.estimators.multilevel.constants import Constants
from estimation.estimators.multilevel.model_population import ModelFrame, model_frame
from estimation.estimators.multilevel.predict import predict

__all__ = ["Constants", "ModelFrame", "arrival_rank", "model_frame", "predict"]
