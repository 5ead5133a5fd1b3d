"""The parser's own words in Chinese: the frame of a help page, and what is wrong with a line.

Each of its sentences is matched once; what matches none is said by the option's own help.
"""

import re
from typing import Any, Final

import typer
from typer import rich_utils

FRAME: Final = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
}

_PHRASES: Final = (
    (r"'(.*)' does not match the formats? '%Y-%m'", "“{0}”不是 2019-06 这样的月份"),
    (r"'(.*)' does not match the formats? ", "“{0}”不是 2019-06-21 这样的日期"),
    (r"'(.*)' is not one of (.*?)\.?$", "“{0}”不在可选值之中，可填 {1}"),
    (r"valid integer", "须为整数"),
    (r"valid (?:number|decimal)", "须为数字"),
    (r"valid boolean", "须为 true 或 false"),
    (r"greater than or equal to (\S+)", "不能小于 {0}"),
    (r"less than or equal to (\S+)", "不能大于 {0}"),
    (r"does not point to a file", "没有这个文件，请核对路径"),
    (r"does not point to a directory", "没有这个文件夹，请核对路径"),
    (r"(?:File|Directory|Path) '(.*)' does not exist", "“{0}”不存在，请核对路径"),
    (r"(?:File|Path) '(.*)' is a directory", "“{0}”是文件夹，这里须为文件"),
    (r"(?:Directory|Path) '(.*)' is a file", "“{0}”是文件，这里须为文件夹"),
    (r"'(.*)' is not (?:readable|writable)", "“{0}”没有读写权限"),
    (r"No such command '(.*?)'\. Did you mean '(.*?)'", "没有命令 {0}，是否想用 {1}"),
    (r"No such command '(.*)'", "没有命令 {0}"),
    (r"No such option: (\S+)", "没有选项 {0}"),
    (r"unexpected extra arguments?(?:\(s\))? \((.*)\)", "多余的参数：{0}"),
    (r"Option '(.*)' requires", "选项 {0} 后面须有值"),
    (r"Option '(.*)' does not take a value", "选项 {0} 后面不能有值"),
    (r"Missing command", "请指明要办理的命令"),
)


def in_chinese(command: Any) -> Any:
    """The command, whose help and that of all below it is framed in Chinese."""
    for name, words in FRAME.items():
        setattr(rich_utils, name, words)
    command.get_help_option(typer.Context(command)).help = "显示本说明并退出。"
    for below in getattr(command, "commands", {}).values():
        in_chinese(below)
    return command


def said(error: Any) -> str:
    """The sentence for a usage error, with the command whose ``--help`` says more."""
    subject, problem = _subject(error), _problem(error)
    path = error.ctx.command_path if error.ctx is not None else "fumin"
    return f"{subject}{problem}；用法见 {path} --help"


def _subject(error: Any) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return ""
    is_option = parameter.opts[0].startswith("-")
    name = parameter.opts[0] if is_option else parameter.opts[0].upper()
    return f"{'选项' if is_option else '参数'} {name}：" if error.message else _missing(name, error)


def _missing(name: str, error: Any) -> str:
    return f"缺少{'选项' if name.startswith('-') else '参数'} {name}（{error.param.help or ''}）"


def _perhaps(error: Any) -> str:
    near = getattr(error, "possibilities", None)
    return f"，是否想用 {'、'.join(near)}" if near else ""


def _problem(error: Any) -> str:
    text = error.message
    for pattern, phrase in _PHRASES:
        if match := re.search(pattern, text, re.IGNORECASE):
            return phrase.format(*(group.replace("'", "") for group in match.groups())) + _perhaps(
                error
            )
    is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in text)
    if is_chinese or not text:
        return str(text)
    wanted = getattr(getattr(error, "param", None), "help", None)
    return f"不合要求，须为：{wanted}" if wanted else "不合要求"
