"""Native charts: the data_visualization block (docs.slack.dev: Data visualization block)."""

from typing import Any

from bot.sandbox import limits
from bot.sandbox.problems import Problems
from bot.sandbox.records import Json


def check_chart_block(problems: Problems, pointer: str, block: Json) -> None:
    """A title and one of four charts."""
    problems.string(pointer, block, "title", limits.CHART_TITLE)
    chart: Any = block.get("chart")
    if "chart" not in block or not problems.thing(f"{pointer}/chart", chart):
        return
    kind = str(chart.get("type"))
    if kind == "pie":
        _check_pie(problems, f"{pointer}/chart", chart)
    elif kind in {"bar", "line", "area"}:
        _check_axes(problems, f"{pointer}/chart", chart)
    else:
        problems.add(f"{pointer}/chart/type", f"unsupported type: {kind}")


def _check_pie(problems: Problems, pointer: str, chart: Json) -> None:
    problems.keys(pointer, chart, {"type", "segments"}, set())
    for index, segment in enumerate(problems.array(pointer, chart, "segments", limits.CHART_SEGMENTS)):
        here = f"{pointer}/segments/{index}"
        if _check_point(problems, here, segment) and segment["value"] <= 0:
            problems.add(f"{here}/value", "must be more than 0")


def _check_point(problems: Problems, pointer: str, point: Any) -> bool:
    """Whether a labelled value has a number to look at."""
    if not problems.thing(pointer, point):
        return False
    problems.keys(pointer, point, {"label", "value"}, set())
    problems.string(pointer, point, "label", limits.CHART_NAME)
    value = point.get("value")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return True
    problems.add(f"{pointer}/value", "must provide a number")
    return False


def _check_axes(problems: Problems, pointer: str, chart: Json) -> None:
    problems.keys(pointer, chart, {"type", "series", "axis_config"}, set())
    categories = _check_axis_config(problems, f"{pointer}/axis_config", chart.get("axis_config", {}))
    names: set[str] = set()
    for index, series in enumerate(problems.array(pointer, chart, "series", limits.CHART_SERIES)):
        here = f"{pointer}/series/{index}"
        if not problems.thing(here, series):
            continue
        problems.keys(here, series, {"name", "data"}, set())
        problems.string(here, series, "name", limits.CHART_NAME)
        if str(series.get("name")) in names:
            problems.add(f"{here}/name", "series names must be unique")
        names.add(str(series.get("name")))
        _check_series(problems, here, series, categories)


def _check_series(problems: Problems, pointer: str, series: Json, categories: list[str]) -> None:
    """Exactly one point for each category."""
    points = problems.array(pointer, series, "data", limits.CHART_POINTS)
    for index, point in enumerate(points):
        _check_point(problems, f"{pointer}/data/{index}", point)
    labels = [point.get("label") for point in points if isinstance(point, dict)]
    if sorted(map(str, labels)) != sorted(categories):
        problems.add(f"{pointer}/data", "must have exactly one data point for each category")


def _check_axis_config(problems: Problems, pointer: str, config: Any) -> list[str]:
    """The categories; names beside the axes are checked too."""
    if not problems.thing(pointer, config):
        return []
    problems.keys(pointer, config, {"categories"}, {"x_label", "y_label"})
    problems.string(pointer, config, "x_label", limits.CHART_AXIS_LABEL)
    problems.string(pointer, config, "y_label", limits.CHART_AXIS_LABEL)
    categories = [str(name) for name in problems.array(pointer, config, "categories", limits.CHART_POINTS)]
    for index, name in enumerate(categories):
        problems.string(f"{pointer}/categories", {str(index): name}, str(index), limits.CHART_NAME)
    if len(set(categories)) != len(categories):
        problems.add(f"{pointer}/categories", "categories must be unique")
    return categories
