"""The page's colours: words can be read on what they stand on, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parent.parent.parent / "bot/sandbox/page/base.css").read_text()
WORDS = 4.5
SHAPES = 3.0
SURFACES = ("paper", "tint", "hover")
READ = [
    *((ink, paper) for ink in ("ink", "soft", "danger", "link", "code", "accent") for paper in SURFACES),
    ("accent-ink", "accent"), ("mine-ink", "mine"), ("link", "mention"), ("ink", "mention"), ("paper", "ink"),
    ("side-ink", "side"), ("side-ink", "side-hover"), ("side-strong", "side"), ("side-strong", "side-hover"),
    ("side-here-ink", "side-here"), ("badge-ink", "badge"),
]  # fmt: skip
SEEN = [("accent", paper) for paper in SURFACES] + [(f"series-{number}", "paper") for number in range(1, 7)]


def palettes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    named = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text)) for text in (light, dark)]
    return {"light": named[0], "dark": named[0] | named[1]}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(READ, WORDS), (SEEN, SHAPES)], ids=["words", "shapes"])
def test_colours_stand_out(scheme: str, pairs: list[tuple[str, str]], least: float) -> None:
    palette = palettes()[scheme]
    found = {pair: contrast(palette[pair[0]], palette[pair[1]]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < least} == {}


def test_faces_can_be_read() -> None:
    """Avatars are white letters on a circle of any hue, at the saturation and lightness of the stylesheet."""
    sheet = STYLE + (Path(__file__).parent.parent.parent / "bot/sandbox/page/messages.css").read_text()
    saturation, lightness = (int(part) / 100 for part in re.findall(r"hsl\(var\(--hue\) (\d+)% (\d+)%\)", sheet)[0])
    worst = min(contrast("#ffffff", rgb(hue, saturation, lightness)) for hue in range(360))
    assert worst >= WORDS


def rgb(hue: int, saturation: float, lightness: float) -> str:
    reach = saturation * min(lightness, 1 - lightness)

    def part(number: int) -> int:
        turn = (number + hue / 30) % 12
        return round(255 * (lightness - reach * max(-1, min(turn - 3, 9 - turn, 1))))

    return f"#{part(0):02x}{part(8):02x}{part(4):02x}"
