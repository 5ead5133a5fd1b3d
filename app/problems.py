"""Error kind -> HTTP status, and the RFC 9457 body. Rendered here and nowhere else."""

from collections.abc import Mapping
from typing import Any

from loans.errors import BadFile, Conflict, FuminError, NotFound, NotPermitted, PolicyGap

MEDIA_TYPE = "application/problem+json"

STATUS_OF: dict[type[FuminError], int] = {
    NotFound: 404,
    NotPermitted: 403,
    Conflict: 409,
    BadFile: 400,
    PolicyGap: 422,
}

# Conflicts that HTTP has a finer word for: about the payload itself, If-Match, a daily quota.
STATUS_OF_CODE = {
    "key-reused": 422,
    "unknown-group": 422,
    "version-changed": 412,
    "reveals-used-up": 429,
}

TITLES = {
    400: "请求或文件无法读取",
    401: "未登录或凭证无效",
    403: "无权办理",
    404: "没有找到",
    405: "不支持的方法",
    409: "与当前状态或规则冲突",
    412: "记录已被他人修改",
    413: "内容过大",
    422: "内容不符合要求",
    429: "请求过于频繁",
    500: "系统内部错误",
    503: "暂时无法服务",
}


def problem(error: FuminError) -> tuple[int, dict[str, Any]]:
    """Status and body of a domain error."""
    status = STATUS_OF_CODE.get(error.code) or STATUS_OF[type(error)]
    body = body_of(status, error.code, error.message)
    if error.cites:
        body["cites"] = list(error.cites)
    if error.details:
        body["details"] = error.details
    return status, body


def body_of(status: int, code: str, message: str) -> dict[str, Any]:
    """An RFC 9457 body with a Chinese title and detail."""
    return {
        "type": f"urn:fumin:problem:{code}",
        "title": TITLES.get(status, "请求未成功"),
        "status": status,
        "code": code,
        "detail": message,
    }


# What pydantic found, in Chinese; {…} is filled from what it says of the limit.
WORDS = {
    "missing": "缺少此项",
    "extra_forbidden": "没有这个字段",
    "string_too_long": "文本过长",
    "string_too_short": "不能为空或过短",
    "string_pattern_mismatch": "格式不符",
    "string_type": "须为文本",
    "uuid_parsing": "不是有效的编号",
    "uuid_type": "不是有效的编号",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "int_from_float": "须为整数",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "enum": "须为以下之一：{expected}",
    "literal_error": "须为以下之一：{expected}",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "list_type": "须为列表",
    "dict_type": "须为 JSON 对象",
    "model_type": "须为 JSON 对象",
    "model_attributes_type": "须为 JSON 对象",
}


def words(fault: Mapping[str, Any]) -> str:
    """What is wrong with a value, of one entry of pydantic's ``errors()``."""
    limits = fault.get("ctx", {})
    if fault["type"] == "value_error":
        return str(limits["error"])
    said = WORDS.get(fault["type"], "格式不符").format_map(limits)
    return said.replace(" or ", "、").replace(", ", "、")
