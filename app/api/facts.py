"""An applicant's circumstances as they are stated: shared by pre-assessment and application."""

from typing import Annotated, Any

from pydantic import Field

from app.api.wire import Body, Day, Text
from loans.identity import mask_name

Code = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]


class HonourBody(Body):
    """项目荣誉（9.5）。"""

    kind: Code = Field(examples=["entrepreneur_star"])
    level: Code | None = Field(default=None, examples=["city"])
    project: Text | None = None
    holder: Text | None = Field(default=None, description="持有人；只保存脱敏后的姓名。")
    year: int | None = Field(default=None, ge=1990, le=2199)

    def stored(self) -> dict[str, Any]:
        """As it is kept: the document says who the holder is, the record does not."""
        holder = mask_name(self.holder) if self.holder else None
        return self.model_dump() | {"holder": holder}


class FactsBody(Body):
    """申请人情况；空表示尚不清楚，结论会指出缺什么材料。"""

    business_division: Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}){0,2}$")] | None = Field(
        default=None, examples=["320281"], description="经营所在地的行政区划代码。"
    )
    local_hukou: bool | None = Field(default=None, description="是否本市户籍。")
    graduated_on: Day | None = None
    employees: int | None = Field(
        default=None, ge=0, le=99_999, description="雇用人数，不含借款人本人。"
    )
    honours: list[HonourBody] = Field(default=[], max_length=20)
    is_small_firm: bool | None = None
    spouse_has_loan: bool | None = None
    own_firm_subsidised: bool | None = None


class HireFactBody(Body):
    """一名新招用人员的情况（9.8），不含姓名与证件号。"""

    category: Code = Field(examples=["graduate"])
    local_hukou: bool | None = None
    graduated_on: Day | None = None
    contract_from: Day | None = Field(default=None, examples=["2019-04-01"])
    contract_until: Day | None = Field(
        default=None, description="合同最后一天（含）；无固定期限的留空并填 open_ended。"
    )
    open_ended: bool | None = Field(
        default=None, description="无固定期限合同；两项都空为不清楚，须补劳动合同。"
    )
    verified: bool | None = None
