"""The one table of coded rules: what each code means and what to do, for terminals, files and pages."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, compress
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # a page's words need the rules, and nothing of pandas
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Rule:
    """A coded rule: E… keeps something out or stops, W… lets it pass and lists it, C… explains a call."""

    code: str
    text: str
    remedy: str = ""


def _table(*rules: Rule) -> Mapping[str, Rule]:
    return MappingProxyType({rule.code: rule for rule in rules})


RULES = _table(
    # the frame
    Rule("E101", "the tps_id stands in several rows", "keep one row for each station"),
    Rule("E102", "the tps_id is blank", "give the station its code"),
    Rule("E103", "registered is not a whole number of voters", "write digits only, or leave it blank"),
    Rule("E104", "an area name is blank", "write the name of the area"),
    Rule("E105", "the row has too many or too few fields", "compare it with the header"),
    Rule("W101", "registered is unknown (blank or 0)", "look it up in the roll; turnout leaves the station out"),
    Rule("W102", "more registered voters than a polling station may have", "check the roll"),
    # a return
    Rule("E201", "a candidate's votes are blank", "ask the officer for the number; blank is not zero"),
    Rule("E202", "a count is not a whole number of votes", "write digits only, without separators"),
    Rule("E203", "votes and invalid votes do not add up to the total", "compare with the form"),
    Rule("E204", "the candidates' votes do not add up to the valid votes", "compare with the form"),
    Rule("E205", "more ballots than registered voters and the allowance", "compare with the form and the roll"),
    Rule("E206", "the voters who came are not as many as the ballots", "compare with the form"),
    Rule("E207", "the tps_id is not in the frame", "correct the code; mind leading zeros"),
    Rule("E208", "the roll is another station's of the same village", "check that two forms were not swapped"),
    Rule("E209", "ballots received are not those used, spoiled and left", "compare with the form"),
    Rule(
        "E210",
        "the time of receipt can't be read, or has no UTC offset",
        "write it like 2024-11-27T16:05:00+07:00",
    ),
    Rule("E211", "sources disagree and none is verified", "verify one of them"),
    Rule("E212", "a verifier rejected the return", "send a corrected one"),
    Rule("E213", "the row has too many or too few fields", "compare it with the header"),
    Rule("E214", "the file can't be used", "see the message; the other files are used"),
    Rule("E215", "the status is unknown", "write received, verified or rejected"),
    Rule(
        "E216",
        "the tps_id was turned into a number or a date, and digits of it are lost",
        "format the column as text and write the codes again",
    ),
    Rule("E217", "the row is hidden, or cells of it are merged", "show all rows, split the cells and save again"),
    Rule(
        "E218",
        "the message has too few or too many fields",
        "send it as the sheet says: station#officer#votes of each candidate#invalid",
    ),
    Rule("E219", "the check digit of the officer's code is wrong", "compare the code with the sheet"),
    Rule("E220", "the officer's code stands for several stations", "begin the message with the tps_id"),
    Rule("W201", "the form's registered voters differ from the frame's", "check the form"),
    Rule("W202", "ballots received are far from the roll and its reserve", "check the form"),
    Rule("W203", "more registered voters on the form than a station may have", "check the form"),
    Rule("W204", "all valid votes went to one candidate", "check the form"),
    Rule("W205", "turnout is above 98 %", "check the form"),
    Rule("W206", "turnout is below 20 %", "check the form"),
    Rule("W207", "the share is far from the other stations of the village", "check the form"),
    Rule("W208", "more ballots than registered voters and the reserve", "check the form"),
    Rule("W209", "invalid votes or the total are blank", "used for the shares only"),
    Rule("W210", "an unknown column was ignored", "rename it, or map it in [returns] columns"),
    Rule("W211", "no valid vote was counted", "check the form"),
    Rule("W212", "the rows are not as many as the source counted", "export all pages again"),
    Rule(
        "W213",
        "letters stand in a number; the reading given is not used",
        "send the number again, or confirm the reading",
    ),
    Rule("W214", "a row of totals was left out", "leave it out of the file"),
    Rule(
        "W215",
        "the tps_id had lost its leading zeros, and was found in the frame with them",
        "format the column as text",
    ),
    Rule("W216", "a column with personal data was left out", "leave it out of the file"),
    Rule(
        "W217", "the header stands again among the rows, and was left out", "put files together without their headers"
    ),
    Rule("W218", "stations without any count yet at the source", "wait for them"),
    Rule("W219", "the vote of the station is to be repeated (PSU)", "use the count of the repeated vote"),
    Rule("W220", "messages that hold no count were left out", "read them by hand"),
    Rule("W221", "a worksheet was not read", "show it, or give it the columns of returns"),
    # a projection
    Rule("W301", "{group}: too few returns in a stratum, so these strata were taken together", ""),
    Rule("W302", "strata without any return yet: {count} of {strata}", ""),
    Rule("W303", "the sample does not name its method; stratified simple random sampling was assumed", ""),
    Rule(
        "W304",
        "{missing} of {drawn} stations are not in; early stations differ from late ones, and the interval "
        "does not contain that difference",
        "",
    ),
    Rule("W305", "returns from outside the sample, set apart: {count}", ""),
    Rule("W306", "turnout covers the stations with a known roll, {percent} % of the frame", ""),
    Rule("W307", "turnout can't be estimated: too few returns have ballots and a known roll", ""),
    Rule("W308", "the invalid share can't be estimated: too few returns have the number of invalid votes", ""),
    Rule("W309", "areas with fewer than two returns, which have no result: {count}", ""),
    Rule("W310", "returns without a time of receipt, which count as received: {count}", ""),
    Rule("W311", "candidate {number} has no vote in any return", ""),
    Rule("W312", "stations whose return is kept out: {count}", ""),
    Rule("W317", "stations without a known {column}, drawn as if they had the mean of the others: {count}", ""),
    Rule(
        "W318",
        "the earlier election is known by village only: the allocation '{allocation}' sees how villages differ, not "
        "how the stations in them do, and may be worse than 'proportional'",
        "",
    ),
    Rule("W315", "returns that name a station which the frame does not have: {count}", ""),
    Rule("W316", "files of returns that could not be used: {count}", ""),
    Rule("W313", "stations in strata of which none was drawn: {count}", ""),
    Rule("W314", "nothing can be projected: {why}", ""),
    Rule("W319", "stations without a known {column}, calibrated as if they had the mean of their cell: {count}", ""),
    Rule("W320", "cells of the calibration taken together with a neighbour, as too few returns are in: {count}", ""),
    Rule("W321", "the method {method}, for comparison, can't be computed: {why}", ""),
    Rule("W322", "the estimator {method} can't be computed ({why}); the ratio took its place", ""),
    Rule(
        "W323",
        "control totals that could not be met with bearable weights, and were met as nearly as these allow: {count}; "
        "the farthest is off by {percent} %",
        "",
    ),
    Rule(
        "W325",
        "{missing} of {drawn} stations are not in; early stations differ from late ones, which the prediction corrects "
        "as far as it shows, and the interval allows for the rest",
        "",
    ),
    Rule("W328", "the variance {variance} can't be computed ({why}); the design's own, {own}, took its place", ""),
    Rule(
        "W329",
        "areas in which the variance {variance} can't be computed and the design's own took its place: {count}",
        "",
    ),
    Rule("W324", "{stations} stations in are too few for {controls} control totals", ""),
    Rule(
        "W326",
        "registered voters are known of no station: calibration leaves them out, counts every station alike and goes "
        "by {controls}",
        "",
    ),
    Rule(
        "W327",
        "registered voters are known of no station: calibration has numbers of stations alone ({controls}), and is the "
        "ratio, post-stratified by them",
        "",
    ),
    Rule("W330", "the returns were handed over as a table, and nobody can make this projection again from files", ""),
    # a call
    Rule(
        "C01",
        "the lead of {lead} points is beyond the bound for calls: {errors} standard errors, {bound} are needed",
        "",
    ),
    Rule("C02", "the {level} % interval of the lead over {other} contains zero", ""),
    Rule("C03", "{received} of {drawn} stations are in; a call needs {needed}", ""),
    Rule("C04", "fewer than two returns are in", ""),
    Rule("C05", "returns come from one of {strata} strata only", ""),
    Rule(
        "C06", "{count} strata with {percent} % of the voters have fewer than {needed} returns, too much for a call", ""
    ),
    Rule(
        "C07",
        "the lead over {other} is beyond its {level} % interval but not beyond the stricter bound for calls: "
        "{errors} standard errors, {bound} are needed",
        "",
    ),
    Rule(
        "C08",
        "the share of {name} is beyond one half by the bound for calls: {errors} standard errors, {bound} are needed",
        "",
    ),
    Rule("C09", "the {level} % interval of the share of {name} contains {threshold} %", ""),
    Rule(
        "C10",
        "the share of {name} is beyond the threshold of {threshold} % by the bound for calls: {errors} standard "
        "errors, {bound} are needed",
        "",
    ),
    Rule("C11", "no candidate reaches {threshold} %: a second round is to be expected", ""),
    Rule(
        "C12",
        "the share of {name} is beyond {threshold} % by its {level} % interval, not by the stricter bound for calls: "
        "{errors} standard errors, {bound} are needed",
        "",
    ),
    Rule("C13", "no valid vote is in any return", ""),
    Rule("C14", "returns come from one village only, and villages were drawn first", ""),
    Rule(
        "C15",
        "every share is below {threshold} % by its {level} % interval, which is not yet enough to expect a second "
        "round",
        "",
    ),
    Rule("C16", "{first} and {second} are ahead, clearly before all others", ""),
    Rule("C17", "{first} and {second} are ahead, but the second place is not clear: {third} follows closely", ""),
    Rule("C18", "even all voters of the stations still out could not change the winner", ""),
    Rule("C19", "the lead of {lead} points has no sampling error", ""),
    Rule("C20", "the share of {name} is beyond {threshold} % and has no sampling error", ""),
    Rule("C21", "the method '{method}' has {name} ahead", ""),
    Rule("C22", "the method '{method}' puts the result on the other side of {threshold} %", ""),
    Rule(
        "C23",
        "the {level} % interval of the method '{method}' contains zero, and not the lead of this projection",
        "",
    ),
    Rule(
        "C24",
        "the {level} % interval of the method '{method}' contains {threshold} %, and not the share of this projection",
        "",
    ),
    Rule("C25", "the method '{method}' has {name} and {other} level", ""),
    Rule(
        "C26",
        "the stations still out would only have to differ from those in by {drift} % of a standard deviation between "
        "stations; a call must bear {limit} %",
        "",
    ),
    Rule("C28", "every station is in, and the votes have been counted", ""),
    Rule("C29", "the call of {name} at an earlier take is withdrawn", ""),
    Rule(
        "C30",
        "{name} was called at an earlier take, and the call stands: it is beyond its {level} % interval, and the "
        "methods agree",
        "",
    ),
    Rule(
        "C31",
        "the stations still out ({out}) would have to split {needed} : {needed_rest} for {other} to draw level with "
        "{name}; those in split {now} : {now_rest}",
        "",
    ),
    Rule(
        "C32",
        "the votes to be expected from the stations still out ({out}) can't overturn the lead of {name} among the "
        "stations asked, even if all went to {other}",
        "",
    ),
    Rule(
        "C33",
        "{area} splits {share} : {share_rest} for {other}: all stations still out would have to vote like that or "
        "more so",
        "",
    ),
    Rule(
        "C34",
        "{name} would have to fall to {needed} % in the stations still out ({out}) to end at {threshold} %; in those "
        "in it is {now} %",
        "",
    ),
    Rule(
        "C35",
        "{name} would need {needed} % in the stations still out ({out}) to reach {threshold} %; in those in it is "
        "{now} %",
        "",
    ),
    Rule(
        "C36",
        "the votes to be expected from the stations still out ({out}) can't carry {name} across {threshold} % among "
        "the stations asked, however they split",
        "",
    ),
    Rule("C37", "{area} has {share} % for {name}: all stations still out would have to vote like that or more so", ""),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a reader must know, as a code and its values, so that any language can say it."""

    code: str
    values: Mapping[str, "str | int | float | Notice"] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The notice in English, as ``projection.json`` carries it."""
        return RULES[self.code].text.format(**{key: _plain(value) for key, value in self.values.items()})


def _plain(value: str | int | float | Notice) -> str:
    if isinstance(value, Notice):
        return value.text
    return f"{round(value, 1):g}" if isinstance(value, float) else str(value)


FINDING_COLUMNS = ("code", "file", "line", "column", "value", "tps_id")


class Place(NamedTuple):
    """One finding: a rule and where it is broken; ``line`` is 0 where a whole file is meant."""

    code: str
    file: str
    line: int
    column: str
    value: str
    tps_id: str

    def where(self) -> str:
        """Name the file, the line, the column and what stands there."""
        line = f", line {self.line}" if self.line else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}{line}{column}" + (f": '{self.value}'" if self.value else "")

    def sentence(self) -> str:
        """Say where, what is wrong and what to do."""
        rule = RULES[self.code]
        return f"{self.code} {self.where()}: {rule.text}" + (f": {rule.remedy}" if rule.remedy else "")


class Findings:
    """Every place where a rule was broken, in the order of the checks.

    Parameters
    ----------
    places : iterable of Place, optional
    """

    __slots__ = ("_places", "_table")

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self._places = tuple(places)
        self._table: pd.DataFrame | None = None

    @classmethod
    def none(cls) -> "Findings":
        """Give the list without a finding."""
        return _NONE

    @classmethod
    def join(cls, *parts: "Findings") -> "Findings":
        """Put several lists together, in their order."""
        return cls(chain.from_iterable(part.places() for part in parts))

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        broken = ", ".join(f"{n} × {code}" for code, n in self.counts().items())
        return f"Findings({broken or 'none'})"

    @property
    def table(self) -> "pd.DataFrame":
        """One row for each finding.

        ``code``, ``file``, ``line`` (in the file, header = 1), ``column``, ``value`` (as it stands there), ``tps_id``.
        """
        if self._table is None:
            import pandas as pd

            self._table = pd.DataFrame(list(self._places), columns=list(FINDING_COLUMNS), dtype=object)
        return self._table

    def places(self) -> tuple[Place, ...]:
        """Give the findings one by one."""
        return self._places

    def keep(self, wanted: Iterable[object]) -> "Findings":
        """Give the findings for which `wanted`, as long as the list, is true."""
        return Findings(compress(self._places, wanted))

    @property
    def errors(self) -> "Findings":
        """Those whose code begins with E."""
        return Findings(place for place in self._places if place.code[0] == "E")

    @property
    def warnings(self) -> "Findings":
        """Those whose code begins with W."""
        return Findings(place for place in self._places if place.code[0] == "W")

    def counts(self) -> dict[str, int]:
        """Count the findings of each code, in the order of the codes."""
        return dict(sorted(Counter(place.code for place in self._places).items()))

    def sentences(self, limit: int | None = None) -> list[str]:
        """Say each finding in a line: file, line, column, value, what is wrong, what to do."""
        lines = [place.sentence() for place in self._places[:limit]]
        if limit is not None and len(self) > limit:
            lines.append(f"… and {len(self) - limit} more")
        return lines


_NONE = Findings()
