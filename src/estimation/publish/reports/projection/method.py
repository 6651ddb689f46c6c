"""How the numbers were made, in plain words and in formulas."""

import numpy as np

from estimation.contest import share_name
from estimation.publish.formulas import Formula
from estimation.publish.part import Method
from estimation.publish.reports.projection.view import View
from estimation.survey.intervals import INTERVALS, student
from estimation.survey.variance.names import uneven

SHARE = r"θ̂_j = \frac{Σ_{i∈A} w_i y_{ij}}{Σ_{i∈A} w_i v_i}"
PREDICTED = r"θ̂_j = \frac{Σ_{i∈A} y_{ij} + Σ_{i∈U∖A} ŷ_{ij}}{Σ_{i∈A} v_i + Σ_{i∈U∖A} v̂_i}"
MODEL = r"\frac{y_{ij} − θ̂_j v_i}{x_i} = z_i′β_j + Σ_ℓ a_{ℓ(i)j} + b_j t_i + ε_{ij}"
PRIORS = r"ε_{ij} ~ N(0, σ_j^2 / ω_i), ω_i = (x_i / x̄)^κ, a_{ℓj} ~ N(0, λ_ℓ σ_j^2), b_j ~ N(0, τ^2 σ_j^2)"
ALLOWED = r"V̂_j = c_j [ V_j + ( δ (1 − p) σ̂_j X / T̂ )^2 ], p = |A| / |S|"
STANDS = r"d_i = \frac{1}{π_i} · \frac{Σ_{k∈S_h} 1/π_k}{Σ_{k∈A_h} 1/π_k}"
INFLUENCE = r"u_{ij} = \frac{y_{ij} − θ̂_j v_i}{Σ_{k∈A} w_k v_k}"
TOTALS = r"Σ_{i∈A} w_i a_i = Σ_{i∈U} a_i"

WEIGHTS = {  # of the estimators that weight, from d_i
    "ratio": ("w_i = d_i",),
    "separate": (r"w_i = d_i \frac{X_h}{Σ_{k∈A_h} d_k x_k}",),
    "poststratified": (r"w_i = d_i \frac{N_c}{Σ_{k∈A_c} d_k}",),
}
DISTANCES = {
    "linear": "w_i = d_i (1 + a_i′λ)",
    "raking": "w_i = d_i exp(a_i′λ)",
    "logit": "w_i = d_i g(a_i′λ), L < g < U",
    "truncated": "w_i = d_i min(U, max(L, 1 + a_i′λ))",
}
CHANCES = {
    "propensity": (r"d_i = \frac{1}{π_i p̂_i}", "logit p̂_i = α_{g(i)} + z_i′γ̂"),
    "propensity-cells": (r"d_i = \frac{1}{π_i p̂_c}", r"p̂_c = \frac{Σ_{k∈A_c} 1/π_k}{Σ_{k∈S_c} 1/π_k}"),
}
TWO_PHASES = ("successive", "local-neighbourhood", "balanced")
BOTH_PHASES = r"V̂ = Σ_h \frac{m_h}{n_h} V̂_{1h} + Σ_h (1 − \frac{m_h}{n_h}) \frac{m_h}{m_h − 1} Σ_{i∈h} (e_i − ē_h)^2"
VARIANCES = {  # m_h of n_h drawn stations are in
    "stratified": r"V̂ = Σ_h (1 − \frac{m_h}{N_h}) \frac{m_h}{m_h − 1} Σ_{i∈h} (e_i − ē_h)^2",
    "successive": r"V̂ = Σ_h (1 − \frac{n_h}{N_h}) \frac{m_h}{2(m_h − 1)} Σ_{i∈h} (e_i − e_{i−1})^2",
    "local-neighbourhood": r"V̂ = Σ_h Σ_{i∈h} (1 − π_i) \frac{k_i}{k_i − 1} (e_i − ē_i)^2",
    "balanced": r"V̂ = Σ_h Σ_{i∈h} (1 − π_i) \frac{m}{m − q} (e_i − ê_i)^2",
    "horvitz-thompson": r"V̂ = Σ_i Σ_k (1 − \frac{π_i π_k}{π_{ik}}) e_i e_k",
    "yates-grundy": r"V̂ = −Σ_{i<k} (1 − \frac{π_i π_k}{π_{ik}}) (e_i − e_k)^2",
    "deville": r"V̂ = Σ_h \frac{1}{1 − Σ_h q_k^2} Σ_{i∈h} (1 − π_i) (e_i − Σ_h q_k e_k)^2, "
    r"q_k = \frac{1 − π_k}{Σ_h (1 − π_l)}",
    "ultimate-cluster": r"V̂ = Σ_h \frac{m_h}{m_h − 1} Σ_{d∈h} (z_d − z̄_h)^2, z_d = Σ_{i∈d} e_i",
    "two-stage": r"V̂ = Σ_h \frac{m_h}{m_h − 1} Σ_{d∈h} (1 − π_d) (z_d − z̄_h)^2 + "
    r"Σ_d π_d (1 − \frac{m_d}{M_d}) \frac{m_d}{m_d − 1} Σ_{i∈d} (e_i − ē_d)^2",
    **dict.fromkeys(("jackknife", "bootstrap", "successive-replicates"), r"V̂ = Σ_r c_r (θ̂^{(r)} − θ̂)^2"),
}
UNEQUAL = {  # of successive stations that were not equally likely
    "successive": r"V̂ = Σ_h \frac{m_h}{2(m_h − 1)} Σ_{i∈h} (1 − \frac{π_i + π_{i−1}}{2}) (e_i − e_{i−1})^2",
}
EQUAL = 1 + 1e-9  # largest over smallest probability of a stratum up to which they count as equal
INTERVAL_OF = {
    "t": r"θ̂ ± t_{df} \sqrt{V̂}",
    "logit": r"logit θ = logit θ̂ ± t_{df} \frac{\sqrt{V̂}}{θ̂ (1 − θ̂)}",
    "wilson": r"(θ̂ − θ)^2 ≤ t_{df}^2 \frac{θ (1 − θ)}{n_e}, n_e = \frac{θ̂ (1 − θ̂)}{V̂}",
    "clopper-pearson": r"B_{α/2}(n_e θ̂, n_e (1 − θ̂) + 1) ≤ θ ≤ B_{1 − α/2}(n_e θ̂ + 1, n_e (1 − θ̂)), "
    r"n_e = \frac{θ̂ (1 − θ̂)}{V̂} (\frac{t_{n − 1}}{t_{df}})^2",
    "simultaneous": r"θ̂_j ± c \sqrt{V̂_{jj}}, P(max_j |T_j| ≤ c) = 1 − α",
    "percentile": r"[ θ^∗_{(α/2)}, θ^∗_{(1 − α/2)} ]",
}
LEAD = r"θ̂_a − θ̂_b ± t_{df} \sqrt{V̂_{aa} + V̂_{bb} − 2 V̂_{ab}}"


def method(v: View) -> Method:
    """Say in words how the numbers were made, then in formulas, then with the leader's own numbers."""
    p, w = v.p, v.w
    key = "method.all_asked" if p.contest.returns.asked == "all" else "method.design"
    how = w(f"design.{p.method}") if p.method != "all" else ""
    counts = {"drawn": p.progress.drawn, "stations": p.stations, "strata": p.progress.strata}
    lines = [w(key, method=how, **{name: w.whole(count) for name, count in counts.items()})]
    if p.estimate is None:
        return Method("method", w("method.heading"), (*lines, w("method.no_estimate")))
    first = int(np.argmax(p.estimate.theta[: len(v.candidates)]))
    lines += [
        *says_estimator(v),
        says_interval(v),
        says_call(v),
        w(
            "method.deff",
            stations=w.decimal(float(p.deff_stations[first]), 2),
            persons=w.decimal(float(p.deff_persons[first])),
        ),
    ]
    shown = (*formulas(v), _example(v))
    return Method("method", w("method.heading"), tuple(lines), w("formulas.heading"), shown, _letters(v))


def formulas(v: View) -> list[Formula]:
    """List the formulas of the estimator that was used, of its variance and of its intervals."""
    p, w = v.p, v.w
    assert p.estimate is not None
    if p.estimator == "multilevel":
        found = [("shares", PREDICTED), ("model", MODEL), ("priors", PRIORS), ("allowed", ALLOWED)]
    else:
        found = [("shares", SHARE)]
        found += [("chance", source) for source in CHANCES.get(p.estimator, (STANDS,))]
        found += [("weights", source) for source in _weights(v)]
        found.append(("influence", f"{INFLUENCE}, {_expanded(v)}"))
        found += [("variance", source) for source in _variance(v)]
    found.append(("interval", INTERVAL_OF[kind_of(p.estimate.kind)]))
    percentile = p.estimate.kind == "percentile"
    found.append(("lead", r"θ̂_a − θ̂_b, " + INTERVAL_OF["percentile"] if percentile else LEAD))
    said = [(w(f"formulas.{key}"), source) for key, source in found]
    return [Formula(says if i == 0 or said[i - 1][0] != says else "", source) for i, (says, source) in enumerate(said)]


def _weights(v: View) -> list[str]:
    """Give how the estimator's weights come from those that stand for their stratum."""
    weighting = v.p.weighting
    if v.p.estimator in WEIGHTS:
        return [*WEIGHTS[v.p.estimator]]
    assert weighting is not None
    assert weighting.calibration is not None
    return [f"{DISTANCES[weighting.calibration.distance]}, {TOTALS}"]


def _variance(v: View) -> list[str]:
    """Give the variance, of both phases where what is in counts as drawn from the drawn."""
    p, name = v.p, v.p.variance
    known = VARIANCES
    if name in UNEQUAL and p.weighting is not None and uneven(p.weighting.structure) > EQUAL:
        known = UNEQUAL
    if name in TWO_PHASES and p.progress.used < p.progress.drawn:
        return [known[name].replace("V̂ =", "V̂_1 =", 1), BOTH_PHASES]
    return [known[name]]


def _expanded(v: View) -> str:
    weighting = v.p.weighting
    if weighting is None or weighting.calibration is None:
        return "e_i = w_i u_i"
    return "e_i = w_i f_i (u_i − a_i′B̂)" if weighting.leverage else "e_i = w_i (u_i − a_i′B̂)"


def _letters(v: View) -> str:
    """Say what the letters stand for."""
    w, table = v.w, v.p.contest.estimate
    if v.p.estimator != "multilevel":
        return f"{w('formulas.letters')} {w('formulas.letters_weights')}"
    values = {name: w.decimal(getattr(table, name), 2) for name in ("delta", "tau", "kappa")}
    return f"{w('formulas.letters')} {w('formulas.letters_model', **values)}"


def _example(v: View) -> Formula:
    """Put the leader's own numbers in."""
    p, w = v.p, v.w
    assert p.estimate is not None
    leader, _ = v.pair(p.estimate)
    own = p.estimate.select([share_name(leader.number)])
    value, low, high = v.values(own)[own.names[0]]
    df = float(np.min(own.df))
    quantile = float(student(np.asarray(df), p.contest.about.level))
    numbers = [
        f"θ̂ = {w.decimal(value, 4)}",
        rf"\sqrt{{V̂}} = {w.decimal(float(own.se[0]), 4)}",
        f"df = {w.decimal(df, 0 if df.is_integer() else 1)}",
        f"t = {w.decimal(quantile, 3)}",
    ]
    ends = f"{w.decimal(low, 4)} … {w.decimal(high, 4)}"
    return Formula(w("formulas.example", name=v.name(leader)), f"{'; '.join(numbers)}: {ends}")


def says_estimator(v: View) -> list[str]:
    """Say how the shares were estimated, and what calibration did to the weights."""
    p, w = v.p, v.w
    controls = ", ".join(p.weighting.controls) if p.weighting else ""
    lines = [w(f"estimator.says_{p.estimator.replace('-', '_')}", controls=controls)]
    if p.weighting is not None and p.weighting.calibration is not None:
        report = p.weighting.calibration.summary()
        parts = {name: w.decimal(float(getattr(report, name)), 2) for name in ("smallest", "median", "largest", "kish")}
        lines.append(w("estimator.weights", **parts))
    return lines


def says_interval(v: View) -> str:
    """Say from which variance the intervals come, of which kind they are, and on how many degrees of freedom."""
    p, w = v.p, v.w
    assert p.estimate is not None
    shares = p.estimate.select([share_name(candidate.number) for candidate in v.candidates])
    df = int(np.min(shares.df))
    return w(
        "method.interval_model" if p.variance == "model" else "method.interval",
        level=v.level,
        variance=w(f"variance.{p.variance.replace('-', '_')}"),
        how=w(f"interval.{kind_of(p.estimate.kind).replace('-', '_')}", df=w.whole(df)),
    )


def says_call(v: View) -> str:
    """Say what it takes to call somebody."""
    w, table = v.w, v.p.contest.estimate
    key = "takes" if table.call_rule == "planned" and table.takes else table.call_rule
    spending = w(f"method.spending_{table.spending.replace('-', '_')}")
    return w(
        "method.call",
        error=w.percent(table.call_error),
        rule=w(f"method.rule_{key}", spending=spending, takes=table.takes or 0),
        percent=w.percent(table.min_received, 0),
        stations=table.min_per_stratum,
        drift=w.decimal(table.drift, 2),
    )


def kind_of(name: str) -> str:
    """Say which interval ``auto`` is."""
    function = INTERVALS.get(name)
    return next((kind for kind, own in INTERVALS.items() if own is function and kind != "auto"), name)
