"""The variance that belongs to a way of drawing."""

from estimation.errors import DesignError
from estimation.survey.structure import Structure
from estimation.survey.variance.balanced import balanced
from estimation.survey.variance.clusters import ultimate_cluster
from estimation.survey.variance.kernel import Covariance, all_arrived
from estimation.survey.variance.neighbourhood import local_neighbourhood
from estimation.survey.variance.stratified import stratified
from estimation.survey.variance.successive import successive, successive_pps
from estimation.survey.variance.unequal_probability import deville, yates_grundy

BY_METHOD: dict[str, tuple[str, Covariance]] = {
    "all": ("stratified", stratified),
    "simple": ("stratified", stratified),
    "stratified": ("stratified", stratified),
    "systematic": ("successive", successive),
    "pps-systematic": ("successive", successive_pps),
    "sampford": ("yates-grundy", yates_grundy),
    "max-entropy": ("yates-grundy", yates_grundy),
    "pivotal": ("local-neighbourhood", local_neighbourhood),
    "local-cube": ("local-neighbourhood", local_neighbourhood),
    "cube": ("balanced", balanced),
    "two-stage": ("ultimate-cluster", ultimate_cluster),
}


def default(structure: Structure) -> tuple[str, Covariance]:
    """Pick the variance of a design by the way the sample was drawn.

    ==================  =====================================================================
    method              variance
    ==================  =====================================================================
    all, simple,        :func:`stratified`
    stratified
    systematic          :func:`successive`, which sees the order of the list; treating the
                        sample as simple would give the gain of the order away
    pps-systematic      :func:`successive_pps`: most joint probabilities of the design are zero,
                        so no unbiased estimator exists
    sampford,           :func:`yates_grundy` with joint probabilities and all drawn stations
    max-entropy         in, else :func:`deville`, which needs single ones alone
    pivotal,            :func:`local_neighbourhood`, in the space of the draw, else its order
    local-cube
    cube                :func:`balanced`; :func:`deville` while no more stations are in than there are
                        balancing variables
    two-stage           :func:`ultimate_cluster`
    ==================  =====================================================================

    **Returns that are not all in.** Joint probabilities of the draw say nothing of the stations
    that have arrived, so that Yates–Grundy gives way to Deville. The others are two-phase
    variances: the design's own, from what is in, and simple sampling of what is in from what was
    drawn, inside strata. They agree with the full sample's as the last return arrives, and with a
    stratified sample's while few are in.

    Parameters
    ----------
    structure : Structure

    Returns
    -------
    tuple of str and function
        The variance's name, as a contest writes it, and the function of (expanded, structure).

    Raises
    ------
    DesignError
        The method is not known. What the picked function itself needs, such as the order of a
        systematic draw, it asks for when called.
    """
    if structure.method not in BY_METHOD:
        raise DesignError(f"no variance is known for method '{structure.method}': it is one of {', '.join(BY_METHOD)}")
    name, function = BY_METHOD[structure.method]
    if function is yates_grundy and (structure.joint is None or not all_arrived(structure)):
        return "deville", deville
    if function is balanced and structure.balance is not None:
        over = structure.inside.sum(axis=-1).min() - structure.balance.shape[-1]
        return (name, function) if over > 0 else ("deville", deville)
    return name, function
