"""The Chinese words for codes, as the pages show them."""

from loans.access import ROLE_NAMES, OrganisationKind
from loans.dunning import DueKind
from loans.models import (
    DunningChannel,
    DunningResult,
    FundEntryKind,
    MovementKind,
    PayoutState,
    RecoveryKind,
    StandingKind,
)
from loans.payouts import STATE_NAMES as PAYOUT_STATE_NAMES
from loans.schedule import Method
from loans.workflow import (
    ACTION_NAMES,
    NOTE_STATE_NAMES,
    STATE_NAMES,
    BorrowerKind,
    NoteState,
    State,
)
from subsidy.models import (
    CaseState,
    ClaimState,
    EntryKind,
    LineKind,
    RegisterKind,
    RemittanceState,
)
from subsidy.payment_file import REASONS
from subsidy.prechecks import CLASS_TITLES
from subsidy.reconciliation import LineClass
from subsidy.registers import COLUMNS
from subsidy.reports import CASES

WORDS: dict[str, str] = {
    # an enum's members by "EnumName.value"; every member has its word (a test proves it)
    **{f"State.{state}": word for state, word in STATE_NAMES.items()},
    **{f"NoteState.{state}": word for state, word in NOTE_STATE_NAMES.items()},
    **{f"Action.{action}": word for action, word in ACTION_NAMES.items()},
    **{f"Role.{role}": word for role, word in ROLE_NAMES.items()},
    f"OrganisationKind.{OrganisationKind.BANK}": "经办银行",
    f"OrganisationKind.{OrganisationKind.GUARANTOR}": "担保公司",
    f"OrganisationKind.{OrganisationKind.FINANCE}": "财政部门",
    f"OrganisationKind.{OrganisationKind.HUMAN_RESOURCES}": "人社部门",
    f"OrganisationKind.{OrganisationKind.OBSERVER}": "查询单位",
    f"OrganisationKind.{OrganisationKind.OPERATOR}": "运营单位",
    f"BorrowerKind.{BorrowerKind.INDIVIDUAL}": "个人",
    f"BorrowerKind.{BorrowerKind.SMALL_FIRM}": "小微企业",
    f"Method.{Method.BULLET}": "按期付息、到期还本",
    f"Method.{Method.EQUAL_INSTALMENT}": "等额本息",
    f"Method.{Method.EQUAL_PRINCIPAL}": "等额本金",
    f"Method.{Method.LUMP_SUM}": "到期一次还本付息",
    f"MovementKind.{MovementKind.DISBURSED}": "放款",
    f"MovementKind.{MovementKind.PRINCIPAL_REPAID}": "归还本金",
    f"MovementKind.{MovementKind.INTEREST_RECEIVED}": "收到利息",
    f"MovementKind.{MovementKind.RATE_CHANGED}": "利率调整",
    f"MovementKind.{MovementKind.OVERDUE_FROM}": "开始逾期",
    f"MovementKind.{MovementKind.OVERDUE_CURED}": "逾期结清",
    f"MovementKind.{MovementKind.EXTENDED}": "展期",
    f"MovementKind.{MovementKind.SUBSIDY_STOPPED}": "停止贴息",
    f"MovementKind.{MovementKind.FLAGGED}": "提示事项",
    f"MovementKind.{MovementKind.HIRES_RECOUNTED}": "重新核定人数",
    f"MovementKind.{MovementKind.REVERSED}": "冲正",
    f"MovementKind.{MovementKind.PAYOUT_REQUESTED}": "申请代偿",
    f"MovementKind.{MovementKind.PAYOUT_REFUSED}": "不予代偿",
    f"MovementKind.{MovementKind.COMPENSATED}": "代偿",
    f"MovementKind.{MovementKind.RECOVERED}": "开始追偿",
    f"MovementKind.{MovementKind.WRITTEN_OFF}": "核销",
    f"FundEntryKind.{FundEntryKind.CONTRIBUTION}": "注资",
    f"FundEntryKind.{FundEntryKind.RESERVATION}": "预留额度",
    f"FundEntryKind.{FundEntryKind.COMMITMENT}": "放款转担保",
    f"FundEntryKind.{FundEntryKind.RELEASE}": "解除担保",
    f"FundEntryKind.{FundEntryKind.LAPSE}": "退回额度",
    f"FundEntryKind.{FundEntryKind.INCOME}": "收入",
    f"FundEntryKind.{FundEntryKind.COMPENSATION}": "代偿",
    f"FundEntryKind.{FundEntryKind.RECOVERY}": "追偿收回",
    f"FundEntryKind.{FundEntryKind.WITHDRAWAL}": "提取",
    **{f"PayoutState.{state}": word for state, word in PAYOUT_STATE_NAMES.items()},
    f"RecoveryKind.{RecoveryKind.COST}": "追偿费用",
    f"RecoveryKind.{RecoveryKind.RECEIPT}": "追偿收回",
    f"RecoveryKind.{RecoveryKind.REVERSAL}": "冲正",
    f"StandingKind.{StandingKind.WARNED}": "预警",
    f"StandingKind.{StandingKind.SUSPENDED}": "暂停",
    f"StandingKind.{StandingKind.RELEASED}": "已解除",
    f"DueKind.{DueKind.OVERDUE}": "逾期",
    f"DueKind.{DueKind.TODAY}": "今天到期",
    f"DueKind.{DueKind.NEAR}": "近期到期",
    f"DueKind.{DueKind.EARLY}": "预先提醒",
    f"DunningChannel.{DunningChannel.PHONE}": "电话",
    f"DunningChannel.{DunningChannel.MESSAGE}": "短信",
    f"DunningChannel.{DunningChannel.VISIT}": "上门",
    f"DunningChannel.{DunningChannel.LETTER}": "信函",
    f"DunningChannel.{DunningChannel.LAWYER}": "律师函",
    f"DunningResult.{DunningResult.PROMISED}": "承诺还款",
    f"DunningResult.{DunningResult.PAID}": "已还款",
    f"DunningResult.{DunningResult.REFUSED}": "拒绝还款",
    f"DunningResult.{DunningResult.UNREACHABLE}": "无法联系",
    f"DunningResult.{DunningResult.OTHER}": "其他",
    f"ClaimState.{ClaimState.NOT_ACCEPTED}": "未受理",
    f"ClaimState.{ClaimState.RECEIVED}": "待审核",
    f"ClaimState.{ClaimState.REVIEWED}": "待批准",
    f"ClaimState.{ClaimState.APPROVED}": "已批准",
    f"ClaimState.{ClaimState.SUPERSEDED}": "已被替换",
    **{f"LineClass.{line_class}": word for line_class, word in CLASS_TITLES.items()},
    **{f"CaseState.{state}": word for state, word in CASES.items()},
    **{f"EntryReason.{reason}": word for reason, word in REASONS.items()},
    **{f"RegisterKind.{kind}": COLUMNS[kind].title for kind in RegisterKind},
    f"EntryKind.{EntryKind.PAYABLE}": "应付",
    f"EntryKind.{EntryKind.PAID}": "已付",
    f"LineKind.{LineKind.REGULAR}": "本月",
    f"LineKind.{LineKind.ADJUSTMENT}": "调整",
    f"RemittanceState.{RemittanceState.ORDERED}": "待确认付款",
    f"RemittanceState.{RemittanceState.PAID}": "已付款",
    f"RemittanceState.{RemittanceState.RETURNED}": "已退票",
}

SUBSIDY_CLASSES = {
    "full": "全额贴息",
    "half": "50%贴息",
    "small_firm": "小微企业贴息",
    "none": "不贴息",
}
SETTLEMENTS = {
    "quarterly-20": "按季结息（季末月20日）",
    "monthly-20": "按月结息（20日）",
    "month-end": "按月结息（月末日）",
    "at-maturity": "利随本清",
}
DAY_COUNTS = {"act/360": "实际天数/360", "act/365": "实际天数/365", "30/360": "每月30天/360"}
CARDS = {"raised_cap": "提高额度", "half": "50%贴息"}
OUTCOMES = {"yes": "符合", "no": "不符合", "unknown": "待补充"}
TOPICS = {
    "eligibility": "资格",
    "cap": "额度",
    "subsidy": "贴息",
    "hire": "吸纳就业",
    "warning": "提示",
}
# How a state is coloured: good, busy, bad or plain; the word beside it says the same.
TONES = {
    State.APPROVED: "good",
    State.REJECTED: "bad",
    State.RETURNED: "warn",
    State.DRAFT: "plain",
    State.WITHDRAWN: "plain",
    State.LAPSED: "plain",
    NoteState.ACTIVE: "good",
    NoteState.OVERDUE: "bad",
    NoteState.EXTENDED: "warn",
    NoteState.SETTLED: "plain",
    NoteState.PAYOUT_REQUESTED: "warn",
    NoteState.COMPENSATED: "bad",
    NoteState.WRITTEN_OFF: "plain",
    PayoutState.PAID: "good",
    PayoutState.REFUSED: "bad",
    PayoutState.CLOSED: "plain",
    PayoutState.WRITTEN_OFF: "plain",
    StandingKind.WARNED: "warn",
    StandingKind.SUSPENDED: "bad",
    StandingKind.RELEASED: "good",
    ClaimState.NOT_ACCEPTED: "bad",
    ClaimState.APPROVED: "good",
    ClaimState.SUPERSEDED: "plain",
    LineClass.MATCHED: "good",
    LineClass.ROUNDING: "plain",
    LineClass.UNDER: "warn",
    LineClass.DIFFERS: "bad",
    LineClass.UNKNOWN: "bad",
    LineClass.DUPLICATE: "bad",
    LineClass.BAD: "bad",
    CaseState.OPEN: "warn",
    CaseState.ALLOWED: "good",
    CaseState.DISALLOWED: "bad",
    CaseState.RETURNED: "bad",
    CaseState.SUPERSEDED: "plain",
    RemittanceState.PAID: "good",
    RemittanceState.RETURNED: "bad",
}


def word(member: object) -> str:
    """The word of an enum's member."""
    return WORDS[f"{type(member).__name__}.{member}"]


def settlement(code: str) -> str:
    """A settlement rule in words; an instalment note settles on its due day."""
    if code.startswith("due-"):
        return f"按期结息（每期{code.removeprefix('due-')}日）"
    return SETTLEMENTS.get(code, code)
