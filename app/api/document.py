"""The OpenAPI document: what FastAPI writes, completed by problems, credentials and an overview."""

from typing import Any

from fastapi import FastAPI

from app.api.callers import COOKIE
from app.api.journey import OPERATION
from app.api.views import ProblemOut

DESCRIPTION = """\
富民创业担保贷款（澄政发〔2019〕18号 第九部分）：
担保贷款的申请、审批、放款、还款，贴息的计提、申报、核对与拨付。

- **金额**是以元为单位、两位小数的文本（`"300000.00"`），**利率**是百分数文本（`"4.35"`），
  从不使用数字；**日期**为 `YYYY-MM-DD`；期间一律含首日、不含末日。
- **写操作**须带 `Idempotency-Key`：同键同内容的重试得到原答复（`Idempotent-Replayed: true`），
  同键不同内容得 422。`?dry_run=true` 走同一程序，除审计记录外什么也不保存。
- **列表**按 `after` 翻页：把上一页的 `next` 作为下一次的 `after`。
- **出错**一律为 `application/problem+json`（RFC 9457），`code` 供程序判断，`detail` 为中文说明，
  由规定作出的判断附 `cites`。
- 姓名与证件号在任何答复中均已脱敏。
"""

_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "银行系统的密钥。"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "浏览器会话；写操作另须 X-CSRF-Token。",
    },
}


def complete(app: FastAPI) -> None:
    """Let the application answer with the completed document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document["components"]
    components["schemas"]["Problem"] = ProblemOut.model_json_schema()
    components["securitySchemes"] = _SCHEMES
    for operations in document["paths"].values():
        for operation in operations.values():
            if OPERATION in operation:
                operation["security"] = [{"key": []}, {"cookie": []}]
    return document
