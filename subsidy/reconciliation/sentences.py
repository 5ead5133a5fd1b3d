"""The words of a cause: which record, which days, which figures, in Chinese."""

from collections.abc import Callable
from dataclasses import dataclass

from loans.money import fen_to_yuan, ppm_to_percent
from subsidy.accrual import to_date
from subsidy.conventions import TITLES
from subsidy.reconciliation.attribution import Attribution, Part
from subsidy.reconciliation.choices import Truth
from subsidy.reconciliation.codes import CODES
from subsidy.reconciliation.pairing import NEVER, Pairs
from subsidy.reconciliation.reasons import Reasoned
from subsidy.reconciliation.result import Cause
from subsidy.reconciliation.variants import OLD_BALANCE, STATED_BALANCE, TRUE

_STOPPED = {
    "R18": "已代偿",
    "R17": "被认定挪用",
    "R16": "已享受其他财政贴息",
    "R13": "市场主体已注销",
    "R12": "借款人在排除名单中或已另行就业",
}


@dataclass(frozen=True)
class Scene:
    """Everything a sentence may mention."""

    pairs: Pairs
    truth: Truth
    attribution: Attribution
    tolerance_fen: int


def words(scene: Scene, parts: list[Part]) -> tuple[Cause, ...]:
    """The causes of one line, in the order of the codes."""
    found = [
        Cause(part.code, part.amount_fen, _sentence(scene, part), CODES[part.code].cites)
        for part in parts
    ]
    return tuple(sorted(found, key=lambda cause: CODES[cause.code].order or 0))


def _sentence(scene: Scene, part: Part) -> str:
    amount = fen_to_yuan(abs(part.amount_fen))
    verb = "多计" if part.amount_fen > 0 else "少计"
    at = int(scene.truth.lines.searchsorted(part.line))
    return f"{_reason(scene, part, at)}，{verb} {amount} 元"


def _reason(scene: Scene, part: Part, at: int) -> str:
    if part.code in _STOPPED:
        return _stopped(scene, part, at)
    tell: dict[str, Callable[[Scene, Part, int], str]] = {
        "R01": _unexplained,
        "R02": _share,
        "R03": _life,
        "R04": _term,
        "R05": _principal,
        "R06": _rate,
        "R07": _overlap,
        "R10": _unpaid,
        "R11": _convention,
        "R15": lambda scene, part, at: "符合条件的招用人数减少后仍按原人数计算贴息本金",
    }
    return tell[part.code](scene, part, at)


def _days(scene: Scene, part: Part) -> str:
    pairs = scene.pairs
    since, until = int(pairs.since[part.line]), int(pairs.until[part.line])
    return f"申报 {to_date(since)} 至 {to_date(until - 1)} 共 {until - since} 天"


def _life(scene: Scene, part: Part, at: int) -> str:
    pairs, note = scene.pairs, int(scene.pairs.note[part.line])
    if part.convention is not None:
        return f"{_days(scene, part)}，首尾两天都计息，应算头不算尾"
    facts = []
    disbursed_on = int(pairs.register.notes.disbursed_on[note])
    settled_on = int(pairs.settled_on[note])
    if int(pairs.since[part.line]) < disbursed_on:
        facts.append(f"贷款 {to_date(disbursed_on)} 才发放")
    if settled_on < min(int(pairs.until[part.line]), int(NEVER)):
        facts.append(f"贷款 {to_date(settled_on)} 已结清")
    if int(pairs.until[part.line]) > pairs.period.until:
        facts.append(f"申报期止于 {to_date(pairs.period.until - 1)}")
    return f"{_days(scene, part)}，{'，'.join(facts)}，可贴息 {int(scene.truth.days[at])} 天"


def _term(scene: Scene, part: Part, at: int) -> str:
    notes, note = scene.pairs.register.notes, int(scene.pairs.note[part.line])
    ends_on = min(int(notes.matures_on[note]), int(notes.subsidy_ends_on[note]))
    reason = "其中有逾期天数"
    if ends_on < int(scene.pairs.until[part.line]):
        reason = f"原到期日（贴息期满日）为 {to_date(ends_on)}，其后的展期或逾期天数不贴息"
    return f"{_days(scene, part)}，{reason}，可贴息 {int(scene.truth.days[at])} 天"


def _stopped(scene: Scene, part: Part, at: int) -> str:
    told = Reasoned.of(scene.pairs, scene.pairs.note[[part.line]])
    days = told.events.on[told.stopped_by(int(part.code[1:]))]
    since = f" {to_date(days.min())} 起" if len(days) else "期间"
    return f"{_days(scene, part)}，但{since}{_STOPPED[part.code]}"


def _principal(scene: Scene, part: Part, at: int) -> str:
    pairs, note = scene.pairs, int(scene.pairs.note[part.line])
    lifted = int(scene.attribution.chosen.balance[at])
    if lifted == STATED_BALANCE:
        stated = pairs.of_line("opening_fen") + pairs.of_line("disbursed_fen")
        return (
            f"按余额 {fen_to_yuan(int(stated[part.line]))} 元计算，"
            f"登记的余额为 {fen_to_yuan(int(scene.truth.opening_fen[at]))} 元"
        )
    if lifted == OLD_BALANCE:
        return "期间已部分还款，仍按还款前的余额计算"
    limit = int(pairs.register.notes.subsidised_fen[note])
    if limit >= int(pairs.register.notes.principal_fen[note]):
        return "贴息本金超过借款人合计的最高额度"
    return f"贴息本金超过可贴息额度 {fen_to_yuan(limit)} 元"


def _share(scene: Scene, part: Part, at: int) -> str:
    used, right = int(scene.attribution.chosen.share_pct[at]), int(scene.truth.share_pct[at])
    return f"按 {used}% 贴息计算，核定的贴息比例为 {right}%"


def _rate(scene: Scene, part: Part, at: int) -> str:
    used, right = int(scene.attribution.chosen.rate_ppm[at]), int(scene.truth.rate_ppm[at])
    if used in (right, TRUE):
        return f"利率调整后仍按原利率 {ppm_to_percent(right)}% 计算"
    return f"按利率 {ppm_to_percent(used)}% 计算，应为 {ppm_to_percent(right)}%"


def _overlap(scene: Scene, part: Part, at: int) -> str:
    spans = scene.pairs.overlaps.get(part.line, ())
    seen = "；".join(
        f"{to_date(span.since)} 至 {to_date(span.until - 1)}（{span.where}）" for span in spans[:3]
    )
    return f"{_days(scene, part)}，与已申报的 {seen} 重复"


def _unpaid(scene: Scene, part: Part, at: int) -> str:
    paid = int(scene.pairs.of_line("interest_paid_fen")[part.line])
    return f"实付利息 {fen_to_yuan(paid)} 元，贴息不得超过实付利息"


def _convention(scene: Scene, part: Part, at: int) -> str:
    assert part.convention is not None
    return f"该行{TITLES[part.convention]}，应按合同约定的口径计算"


def _unexplained(scene: Scene, part: Part, at: int) -> str:
    within = abs(part.amount_fen) <= scene.tolerance_fen
    found = "在申报与复算每笔允许的尾差以内" if within else "与重算不符"
    if part.convention is not None:
        return f"{found}，金额与“{TITLES[part.convention]}”一致"
    return found if within else f"{found}，未发现可以说明的原因"
