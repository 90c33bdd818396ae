"""Tables: the table and data_table blocks (docs.slack.dev: Table block, Data table block)."""

from typing import Any

from bot.sandbox import limits
from bot.sandbox.problems import Problems
from bot.sandbox.records import Json


def check_table(problems: Problems, pointer: str, block: Json) -> None:
    """At most 100 rows of 20 cells and 10,000 characters."""
    size = 0
    for index, row in enumerate(problems.array(pointer, block, "rows", limits.TABLE_ROWS)):
        here = f"{pointer}/rows/{index}"
        if _check_row(problems, here, row):
            size += sum(_check_cell(problems, f"{here}/{n}", c, {"raw_text", "rich_text"}) for n, c in enumerate(row))
    problems.array(pointer, block, "column_settings", limits.TABLE_COLUMNS, 0)
    if size > limits.TABLE_CHARACTERS:
        problems.add(pointer, f"must be less than {limits.TABLE_CHARACTERS + 1} characters in all cells")


def check_data_table(problems: Problems, pointer: str, block: Json) -> int:
    """A header and up to 200 rows of equal length; returns the characters in all cells."""
    problems.string(pointer, block, "caption", limits.SECTION_TEXT)
    problems.whole(pointer, block, "page_size", 1, limits.DATA_TABLE_PAGE)
    problems.whole(pointer, block, "row_header_column_index", 0, limits.TABLE_COLUMNS - 1)
    rows = problems.array(pointer, block, "rows", limits.DATA_TABLE_ROWS, limits.DATA_TABLE_ROWS_MIN)
    size = 0
    for index, row in enumerate(rows):
        here = f"{pointer}/rows/{index}"
        if not _check_row(problems, here, row):
            continue
        if isinstance(rows[0], list) and len(row) != len(rows[0]):
            problems.add(here, f"every row must have {len(rows[0])} cells")
        # The header names the columns, which rich text cannot.
        allowed = {"raw_text", "raw_number"} | ({"rich_text"} if index else set())
        size += sum(_check_cell(problems, f"{here}/{n}", cell, allowed) for n, cell in enumerate(row))
    return size


def _check_row(problems: Problems, pointer: str, row: Any) -> bool:
    if not isinstance(row, list):
        problems.add(pointer, "must provide an array")
        return False
    if not 1 <= len(row) <= limits.TABLE_COLUMNS:
        problems.add(pointer, f"no more than {limits.TABLE_COLUMNS} items allowed, and no fewer than 1")
    return True


def _check_cell(problems: Problems, pointer: str, cell: Any, allowed: set[str]) -> int:
    """The characters of one cell."""
    if not problems.thing(pointer, cell):
        return 0
    kind = str(cell.get("type"))
    if kind not in allowed:
        problems.add(f"{pointer}/type", f"unsupported type: {kind}")
        return 0
    if kind == "rich_text":
        return len(_words(cell.get("elements", [])))
    if kind == "raw_number":
        problems.keys(pointer, cell, {"type", "value", "text"}, set())
        if not isinstance(cell.get("value"), (int, float)) or isinstance(cell.get("value"), bool):
            problems.add(f"{pointer}/value", "must provide a number")
    else:
        problems.keys(pointer, cell, {"type", "text"}, set())
    problems.string(pointer, cell, "text", limits.SECTION_TEXT)
    return len(str(cell.get("text", "")))


def _words(elements: Any) -> str:
    if not isinstance(elements, list):
        return ""
    parts = [part for part in elements if isinstance(part, dict)]
    return "".join(str(part.get("text", "")) + _words(part.get("elements", [])) for part in parts)
