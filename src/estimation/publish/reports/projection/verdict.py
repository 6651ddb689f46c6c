"""What this is, and the verdict."""

import math

from estimation.publish.part import Badge, Banner, Verdict
from estimation.publish.reports.projection.view import View
from estimation.words import isolated


def status(v: View) -> str:
    """Give the verdict in two or three words."""
    if second_round(v):
        return v.w("verdict.status_runoff")
    return v.w(f"verdict.status_{v.p.call.status.replace('-', '_')}")


def second_round(v: View) -> bool:
    """Say whether a second round is to be expected."""
    return any(reason.code == "C11" for reason in v.p.call.reasons)


def banner(v: View) -> Banner:
    """Say what this is: not official, which mode and release, as of when, how much is in."""
    p, w = v.p, v.w
    about = p.contest.about
    share = p.progress.used / p.progress.drawn if p.progress.drawn else 0.0
    key = "banner.asked_all" if p.contest.returns.asked == "all" else "banner.stations"
    stations = w(
        key,
        used=w.whole(p.progress.used),
        drawn=w.whole(p.progress.drawn),
        percent=w.percent(math.floor(100 * share) / 100, 0),
    )
    as_of = w("banner.as_of", moment=w.moment(p.contest.local(p.as_of))) if p.as_of else w("banner.untimed")
    release = w(f"release.{about.release}", moment=w.moment(p.contest.local(about.publish_after)))
    badges = Badge(w("page.not_official"), "official"), Badge(w(f"mode.{about.mode}"), "mode"), Badge(release)
    paid = [w("banner.paid", sponsor=about.sponsor)] if about.sponsor else []
    paid += [w("banner.registration", registration=about.registration)] if about.registration else []
    return Banner("banner", badges, as_of, share, (stations,), w("banner.unofficial"), tuple(paid))


def projection_verdict(v: View) -> Verdict:
    """Say the lead and the call in one sentence, and the reasons."""
    w, call = v.w, v.p.call
    reasons = tuple(v.notice(reason) for reason in call.reasons)
    alarm = (w("verdict.withdrawn"),) if call.withdrawn else ()
    return Verdict("verdict", w("verdict.heading"), status(v), sentence(v), reasons, alarm, style=call.status)


def sentence(v: View) -> str:
    """Say the verdict in one sentence."""
    p, w, about = v.p, v.w, v.p.contest.about
    if p.estimate is None or p.lead is None:
        return w("verdict.insufficient")
    leader, other = v.pair(p.estimate)
    kind = "plurality" if about.rule == "plurality" else "share"
    estimate, name = (p.lead, "lead") if kind == "plurality" else (p.estimate, f"share:{leader.number}")
    say = w.points if kind == "plurality" else w.percent
    value, low, high = v.values(estimate)[name]
    key = f"{p.call.status.replace('-', '_')}_{kind}"
    if second_round(v):
        key = "runoff"
    return w(
        f"verdict.{key}",
        name=isolated(leader.label),
        other=isolated(other.label),
        lead=w.points(float(p.lead.theta[0])),
        share=w.percent(value),
        low=say(low),
        high=say(high),
        level=w.level(about.level),
        threshold=w.percent(about.threshold, 0),
    )
