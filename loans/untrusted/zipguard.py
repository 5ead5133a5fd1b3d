"""What is looked at in a workbook's zip before any XML parser sees it.

Every part is unpacked once, in pieces, and counted: the sizes a zip declares are not believed.
Refused are encryption, macros, links to other files, embedded objects, nested archives, paths
that climb, XML with a DOCTYPE or in another encoding than UTF-8, and anything beyond the caps.
"""

import io
import zipfile
import zlib

from loans.untrusted.limits import MEGABYTE, Limits, Refused, too_many_rows

_PIECE = 1 << 16
_OVERLAP = 16
_ARCHIVES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_FORBIDDEN_PARTS = (
    ("vbaproject", "workbook-macros", "工作簿含有宏"),
    ("xl/macrosheets/", "workbook-macros", "工作簿含有宏表"),
    ("xl/externallinks/", "workbook-links", "工作簿链接了其他文件"),
    ("xl/connections", "workbook-links", "工作簿含有外部数据连接"),
    ("xl/querytables/", "workbook-links", "工作簿含有外部数据查询"),
    ("xl/embeddings/", "workbook-objects", "工作簿嵌入了其他对象"),
    ("xl/activex/", "workbook-objects", "工作簿含有控件"),
)
# Read whole, into objects many times their size.
_ABOUT = (".rels", "[content_types].xml", "xl/workbook.xml", "xl/styles.xml")
_ADVICE = "，请将明细表以“值”粘贴到新的工作簿，另存为 .xlsx 后重新上传"


def check_workbook(data: bytes, limits: Limits) -> None:
    """Look at every part of the workbook's zip; ``Refused`` when one is not acceptable."""
    try:
        book = zipfile.ZipFile(io.BytesIO(data))
        _check_directory(book, limits)
        unpacked = 0
        for part in book.infolist():
            unpacked += _check_part(book, part, limits, limits.unpacked_bytes - unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as broken:
        raise Refused("workbook-broken", "文件损坏或不完整，无法作为 .xlsx 打开") from broken


def _check_directory(book: zipfile.ZipFile, limits: Limits) -> None:
    parts = book.infolist()
    if len(parts) > limits.entries:
        raise Refused("workbook-too-large", f"工作簿内的部件超过 {limits.entries} 个")
    names = [part.filename.lower() for part in parts]
    if len(set(names)) != len(names):
        raise Refused("workbook-broken", "工作簿内有重名部件，文件不可信")
    for part, name in zip(parts, names, strict=True):
        if part.flag_bits & 0x1:
            raise Refused("workbook-encrypted", "工作簿已加密，请取消密码后重新上传")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("workbook-broken", "工作簿使用了不支持的压缩方式" + _ADVICE)
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise Refused("workbook-broken", "工作簿内的部件路径不合规，文件不可信")
        for mark, code, message in _FORBIDDEN_PARTS:
            if mark in name:
                raise Refused(code, message + _ADVICE)
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names:
        raise Refused("workbook-broken", "文件不是 Excel 工作簿（.xlsx）" + _ADVICE)


def _check_part(
    book: zipfile.ZipFile, part: zipfile.ZipInfo, limits: Limits, room_bytes: int
) -> int:
    """Unpack one part in pieces; its true size in bytes."""
    name = part.filename.lower()
    is_xml, is_about = name.endswith((".xml", ".rels", ".vml")), name.endswith(_ABOUT)
    size, rows, tail = 0, 0, b""
    with book.open(part) as stream:
        while piece := stream.read(_PIECE):
            if size == 0:
                _check_start(piece, is_xml)
            size += len(piece)
            if size > room_bytes:
                megabytes = limits.unpacked_bytes // MEGABYTE
                raise Refused("workbook-too-large", f"工作簿展开后超过 {megabytes} MB")
            if is_about and size > limits.about_bytes:
                raise Refused("workbook-too-large", "工作簿的样式、名称或关系过多" + _ADVICE)
            if size > MEGABYTE and size > limits.ratio * max(part.compress_size, 1):
                raise Refused("workbook-too-large", "工作簿压缩比异常，疑似压缩炸弹")
            if is_xml:
                _check_markup(tail + piece)
                rows += _rows(tail + piece) - _rows(tail)
                tail = piece[-_OVERLAP:]
            if rows > limits.rows:
                raise too_many_rows(limits)
    return size


def _rows(piece: bytes) -> int:
    return piece.count(b"<row ") + piece.count(b"<row>")


def _check_start(piece: bytes, is_xml: bool) -> None:
    if piece.startswith(_ARCHIVES):
        raise Refused("workbook-objects", "工作簿内嵌有压缩包" + _ADVICE)
    if is_xml and (not piece.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or b"\0" in piece):
        raise Refused("workbook-broken", "工作簿内的 XML 不是 UTF-8 编码" + _ADVICE)


def _check_markup(piece: bytes) -> None:
    if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
        raise Refused("workbook-broken", "工作簿内的 XML 带有实体定义，文件不可信")
    if b"macroEnabled" in piece:
        raise Refused("workbook-macros", "工作簿是启用宏的格式" + _ADVICE)
