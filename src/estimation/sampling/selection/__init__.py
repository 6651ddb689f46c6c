"""Which stations are drawn: one function for each method, rows of the frame out."""

from estimation.sampling.selection.cube import cube
from estimation.sampling.selection.pivotal import pivotal
from estimation.sampling.selection.simple import simple, stratified
from estimation.sampling.selection.systematic import systematic, systematic_joint
from estimation.sampling.selection.two_stage import TwoStage, two_stage, two_stage_joint
from estimation.sampling.selection.unequal import (
    inclusion_probabilities,
    max_entropy,
    max_entropy_joint,
    sampford,
    sampford_joint,
)

__all__ = [
    "TwoStage",
    "cube",
    "inclusion_probabilities",
    "max_entropy",
    "max_entropy_joint",
    "pivotal",
    "sampford",
    "sampford_joint",
    "simple",
    "stratified",
    "systematic",
    "systematic_joint",
    "two_stage",
    "two_stage_joint",
]
