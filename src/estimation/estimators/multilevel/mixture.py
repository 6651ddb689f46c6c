"""From a fit to quantities: ratios of predicted totals, mixed over the grid, with what makes their intervals honest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array
from estimation.estimators.multilevel.fit import Fit, model_residuals

EDGE = 1e-4  # the linearisation point of a share stays this far from 0 and 1
LEAST_DF = 3.0


@dataclass(frozen=True, slots=True)
class Mixed:
    """Ratios of predicted totals; B replicates, q quantities of one family.

    Attributes
    ----------
    fit : Fit
    forms : numpy.ndarray, shape (B, q, ρ)
        The linear forms of the responses whose errors these quantities have: y_c - θ_c t for a share.
    theta : numpy.ndarray, shape (B, q)
    denominator : numpy.ndarray, shape (B,)
    prior : numpy.ndarray, shape (B, q, q)
        Prior variances of the forms between stations, s_0², for a station of mean weight.
    log_weight : numpy.ndarray, shape (B, G)
        Of the grid points, one for all quantities.
    variance : numpy.ndarray, shape (B, q)
        Mixed over the grid.
    residual : numpy.ndarray, shape (B, q)
        σ̂², mixed.
    """

    fit: Fit
    forms: Array
    theta: Array
    denominator: Array
    prior: Array
    log_weight: Array
    variance: Array
    residual: Array


def predict_rate(fit: Fit, form: Array) -> Mixed:
    """Predict the total of one count for each voter: turnout, or the valid votes that shares are taken of.

    Parameters
    ----------
    form : numpy.ndarray, shape (ρ,)
        The count as a sum of responses.
    """
    constants = fit.data.population.constants
    forms = np.broadcast_to(form, (len(fit.counted), 1, len(form)))
    prior = (constants.turnout_variance * (fit.rates @ form) ** 2)[:, None, None]
    counted, out = (fit.counted @ form)[:, None], (fit.out @ form)[..., None]
    denominator = np.full(len(counted), fit.total)
    return _mix(fit, forms, counted, out, denominator, np.zeros((len(counted), 1)), prior)


def shares(fit: Fit, numerators: Array, whole: Array) -> Mixed:
    """Predict ratios of two predicted totals: the candidates' shares, or the invalid share.

    θ = θ⁰ + (Σ d + l'coef) / T̂ with d = y - θ⁰ t; θ⁰ is the ratio of what is in first, then the prediction itself, so
    that neither the design's weights nor the error of T̂ enter to first order.

    Parameters
    ----------
    numerators : numpy.ndarray, shape (q, ρ)
        Each count as a sum of responses.
    whole : numpy.ndarray, shape (ρ,)
        What the shares are taken of.
    """
    total = predict_rate(fit, whole)
    denominator = total.theta[:, 0] * fit.total
    counted = fit.counted @ whole
    start = (fit.counted @ numerators.T + 1) / (counted[:, None] + 2)
    prior = share_prior(fit, start, whole)
    theta = np.clip((fit.counted @ numerators.T) / np.maximum(counted, 1)[:, None], EDGE, 1 - EDGE)
    for _ in range(2):
        forms = numerators - theta[..., None] * whole
        got = (forms @ fit.counted[..., None])[..., 0]
        out = fit.out @ np.swapaxes(forms, -1, -2)
        mixed = _mix(fit, forms, got, out, denominator, theta, prior)
        theta = np.clip(mixed.theta, EDGE, 1 - EDGE)
    return _inside(mixed, numerators, whole)


def share_prior(fit: Fit, theta: Array, whole: Array) -> Array:
    """Give s_0² of shares, shape (B, q, q): multinomial, times φ and the square of the denominator for each voter.

    Parameters
    ----------
    theta : numpy.ndarray, shape (B, q)
    whole : numpy.ndarray, shape (ρ,)
    """
    low, more = fit.data.population.constants.phi
    phi = low + more * (1 - 4 * theta * (1 - theta))
    scale = np.sqrt(phi * theta * (1 - theta)) * np.abs(fit.rates @ whole)[:, None]
    if theta.shape[-1] == 1:
        return scale[..., None] ** 2
    # the multinomial's correlations belong to shares that add up to one; those with a vote added do not
    odds = np.sqrt(theta / (theta.sum(axis=-1, keepdims=True) - theta))
    correlation = np.where(np.eye(theta.shape[-1]) > 0, 1.0, -odds[..., None] * odds[:, None, :])
    return np.asarray(scale[..., None] * correlation * scale[:, None, :])


def honest(mixed: Mixed, prior: Array, share_in: Array) -> tuple[Array, Array, Array]:
    """Add to the variance what the model can't know.

    Parameters
    ----------
    prior : numpy.ndarray, shape (B, q)
        s_0² at the estimate.
    share_in : numpy.ndarray, shape (B,)
        p = |A|/|S|.

    Returns
    -------
    variance : numpy.ndarray, shape (B, q)
        With bias and the inflation for small candidates.
    inflation : numpy.ndarray, shape (B, q)
        Its last factor.
    df : numpy.ndarray, shape (B, q)
    """
    fit, constants = mixed.fit, mixed.fit.data.population.constants
    best = mixed.log_weight.argmax(axis=-1)
    left = mixed.forms @ model_residuals(fit, best)
    n = fit.stations[:, None]
    used = (fit.weight > 0)[:, None]
    mean = left.sum(axis=-1, keepdims=True) / n[..., None]
    centred = np.where(used, left - mean, 0.0)
    second, fourth = (centred**2).sum(axis=-1) / n, (centred**4).sum(axis=-1) / n
    excess = np.where(second > 0, fourth / np.where(second > 0, second, 1.0) ** 2 - 3, 0.0)
    nu = n - 1 + constants.nu0
    kd = np.maximum(np.minimum(nu, n / (1 + np.maximum(excess, 0) / 2)), LEAST_DF)
    sigma2 = mixed.residual
    inflation = np.maximum((kd * sigma2 + constants.nu0 * prior) / ((kd + constants.nu0) * sigma2), 1.0)
    variance = inflation * (mixed.variance + bias_factor(mixed, share_in)[:, None] * sigma2)
    return variance, inflation, kd + constants.nu0


def bias_factor(mixed: Mixed, share_in: Array) -> Array:
    """Give (δ (1 - p) X / T̂)², shape (B,): the variance that bias adds, in σ̂²."""
    delta = mixed.fit.data.population.constants.delta
    return np.asarray((delta * (1 - share_in) * mixed.fit.total / mixed.denominator) ** 2)


def joint_covariance(fit: Fit, members: Sequence[Mixed], share_in: Array) -> Array:
    """Give the joint covariance of all quantities, with bias and one weight for each grid point.

    The weight is that of the first member, the candidates' shares; where `fit` is their own fit as well, their
    block is the one that their margins have.

    Parameters
    ----------
    members : sequence of Mixed
        q quantities in all.

    Returns
    -------
    numpy.ndarray, shape (B, q, q)
    """
    forms = np.concatenate([member.forms for member in members], axis=1)
    width = [member.forms.shape[1] for member in members]
    prior = np.zeros((*forms.shape[:2], forms.shape[1]))
    for member, end in zip(members, np.cumsum(width), strict=True):
        own = slice(end - member.forms.shape[1], end)
        prior[:, own, own] = member.prior
    scale = np.repeat(np.stack([1 / member.denominator for member in members], axis=-1), width, axis=-1)
    bias = np.repeat(np.stack([np.sqrt(bias_factor(member, share_in)) for member in members], axis=-1), width, axis=-1)
    nu, scatter = scatter_of(fit, forms, prior)
    weight = softmax(_log_weight(fit, nu, scatter[..., : width[0], : width[0]]))
    theta = ((forms @ fit.counted[..., None])[..., 0][:, None] + fit.out @ np.swapaxes(forms, -1, -2)) * scale[:, None]
    away = theta - theta[:, :1]
    away = away - (weight[..., None] * away).sum(axis=1, keepdims=True)
    within = (scatter * (fit.spread * weight * (nu / (nu - 2)))[..., None, None]).sum(axis=1)
    mean = (scatter * weight[..., None, None]).sum(axis=1)
    return np.asarray(
        within * scale[:, :, None] * scale[:, None, :]
        + np.swapaxes(away, -1, -2) @ (away * weight[..., None])
        + mean * bias[:, :, None] * bias[:, None, :]
    )


def scatter_of(fit: Fit, forms: Array, prior: Array) -> tuple[Array, Array]:
    """Give ν, shape (B, 1), and s² with its covariances, (B, G, q, q); `prior` is for a station of mean weight."""
    nu0 = fit.data.population.constants.nu0
    nu = (fit.stations - 1 + nu0)[:, None]
    products = forms[:, None] @ fit.products @ np.swapaxes(forms, -1, -2)[:, None]
    added = nu0 * prior * fit.mean_weight[:, None, None]
    return nu, (products + added[:, None]) / nu[..., None, None]


def softmax(log_weight: Array) -> Array:
    """Give weights that add up to one over the last axis."""
    raised = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _log_weight(fit: Fit, nu: Array, scatter: Array) -> Array:
    """Give one log weight of each grid point for all quantities, so that shares add up to one: the mean of theirs."""
    return np.asarray(fit.evidence - nu / 2 * np.log(np.diagonal(scatter, axis1=-2, axis2=-1)).mean(axis=-1))


def _mix(fit: Fit, forms: Array, counted: Array, out: Array, denominator: Array, start: Array, prior: Array) -> Mixed:
    nu, scatter = scatter_of(fit, forms, prior)
    own = np.diagonal(scatter, axis1=-2, axis2=-1)  # (B, G, q)
    log_weight = _log_weight(fit, nu, scatter)
    theta = start[:, None] + (counted[:, None] + out) / denominator[:, None, None]
    weight = softmax(log_weight)[..., None]
    mean = theta[:, 0] + (weight * (theta - theta[:, :1])).sum(axis=1)  # exactly the points' own where all agree
    within = own * (fit.spread * (nu / (nu - 2)))[..., None] / denominator[:, None, None] ** 2
    variance = (weight * (within + (theta - mean[:, None]) ** 2)).sum(axis=1)
    return Mixed(fit, forms, mean, denominator, prior, log_weight, variance, (weight * own).sum(axis=1))


def _inside(mixed: Mixed, numerators: Array, whole: Array) -> Mixed:
    """Keep what is predicted of the stations out above 0: their share is at least 1 / (votes counted + 2)."""
    fit = mixed.fit
    counted, all_counted = fit.counted @ numerators.T, fit.counted @ whole
    rest = np.maximum(mixed.denominator - all_counted, 0.0)
    least = rest / (all_counted + 2)
    out = np.maximum(mixed.theta * mixed.denominator[:, None] - counted, least[:, None])
    theta = (counted + out) / mixed.denominator[:, None]
    if np.array_equal(numerators.sum(axis=0), whole):
        theta = theta / theta.sum(axis=-1, keepdims=True)
    return Mixed(
        fit, mixed.forms, theta, mixed.denominator, mixed.prior, mixed.log_weight, mixed.variance, mixed.residual
    )
