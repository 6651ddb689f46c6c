"""Covariances of expanded influence, one file for each family of designs."""

from estimation.survey.variance.balanced import balanced
from estimation.survey.variance.clusters import two_stage, ultimate_cluster
from estimation.survey.variance.default import default
from estimation.survey.variance.kernel import Covariance
from estimation.survey.variance.names import by_name
from estimation.survey.variance.neighbourhood import local_neighbourhood
from estimation.survey.variance.stratified import stratified
from estimation.survey.variance.successive import successive, successive_pps
from estimation.survey.variance.unequal_probability import (
    brewer,
    deville,
    hartley_rao,
    horvitz_thompson,
    overton,
    with_replacement,
    yates_grundy,
)

__all__ = [
    "Covariance",
    "balanced",
    "brewer",
    "by_name",
    "default",
    "deville",
    "hartley_rao",
    "horvitz_thompson",
    "local_neighbourhood",
    "overton",
    "stratified",
    "successive",
    "successive_pps",
    "two_stage",
    "ultimate_cluster",
    "with_replacement",
    "yates_grundy",
]
