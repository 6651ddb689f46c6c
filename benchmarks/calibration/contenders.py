"""The contenders: every interval rule, from what the estimators of the package said on the same nights."""

import numpy as np
from cases import Case

from estimation.estimators.catalogue import PREDICTED

Z = 1.959963984540054
RULES = ("multilevel", "auto", "ratio-z", "ratio-t-logit", "calibrated", "two-phase", "committee-5", "committee-10")


def rules(case: Case) -> list[str]:
    """Name the rules whose estimator was replayed."""
    return [rule for rule in RULES if rule not in ("calibrated", "two-phase") or rule in case.estimators]


def bounds(rule: str, case: Case, said: dict[str, np.ndarray], shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the limits of shares under a rule, each of shape (nights, parts, shares); NaN where it says nothing.

    ``ratio-z`` is the stratified combined ratio with a normal interval, R survey's plain answer (``peers.R``).
    ``committee-f`` adds (θ (1 - θ) (1 - p) / f)² to its variance. Both are kept inside [0, 1], which narrows them.
    ``auto`` is the predictor but for designs other than simple and stratified ones once all is in.
    """
    if rule == "auto":
        low, high = (values.copy() for values in bounds("multilevel", case, said, shares))
        if case.method not in PREDICTED and case.parts[-1] == 1:
            own = bounds("ratio-t-logit", case, said, shares)
            low[:, -1], high[:, -1] = own[0][:, -1], own[1][:, -1]
        return low, high
    name = {"ratio-t-logit": "ratio"}.get(rule, rule if rule in case.estimators else "ratio")
    e = case.estimators.index(name)
    if rule in (*case.estimators, "ratio-t-logit"):
        return said["low"][:, e][..., shares], said["high"][:, e][..., shares]
    theta, variance = (said[field][:, e][..., shares] for field in ("theta", "variance"))
    if rule.startswith("committee"):
        out = 1 - np.array(case.parts)[None, :, None]
        variance = variance + (theta * (1 - theta) * out / float(rule.rpartition("-")[2])) ** 2
    half = Z * np.sqrt(np.maximum(variance, 0))
    return np.maximum(theta - half, 0), np.minimum(theta + half, 1)
