"""Covariances of expanded influence, one file for each family of designs."""

from estimation.survey.variance.stratified import stratified

__all__ = ["stratified"]
