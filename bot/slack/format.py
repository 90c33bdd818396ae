"""All rounding and wording of figures for display. Nothing rounded here ever goes back into a calculation."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

Date = Callable[[datetime, tzinfo], str]
"""How an instant is written: for blocks, where Slack writes it in the reader's zone, or for plain text."""

LOCALE = "en_US"
_NANOS = Decimal(1_000_000_000)
_CENT = Decimal("0.01")
_TENTH = Decimal("0.1")
_TOKEN_WORDS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))
_FEW_TOKENS = 10_000


def escape(text: str) -> str:
    """The text with Slack's three control characters made inert, so that a reason of `<!channel>` calls nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """The text as inline code; a backtick or line break inside would end it, so they are replaced."""
    return f"`{escape(' '.join(text.replace('`', chr(39)).split()))}`"


def quote(text: str) -> str:
    """The text, escaped, as a quotation of one or more lines."""
    return "\n".join(f"> {line}" for line in escape(text).splitlines()) or "> "


def dollars(nanos: int) -> str:
    """Nano-dollars as dollars with cents: `$20,833.33`, `-$12.50`."""
    amount = (Decimal(nanos) / _NANOS).quantize(_CENT, ROUND_HALF_EVEN)
    return format_currency(amount + Decimal(0), "USD", locale=LOCALE)  # adding zero turns -0.00 into 0.00


def amount(nanos: int) -> str:
    """An amount that somebody asked for: `$1,300`, or with cents when it has any."""
    if nanos % 1_000_000_000:
        return dollars(nanos)
    return format_currency(nanos // 1_000_000_000, "USD", "¤#,##0", locale=LOCALE, currency_digits=False)


def cents(nanos: int) -> float:
    """Nano-dollars as dollars and cents, for a chart's point or the value by which a table sorts."""
    return float((Decimal(nanos) / _NANOS).quantize(_CENT, ROUND_HALF_EVEN))


def count(number: int) -> str:
    """A number of things: `9,312`."""
    return format_decimal(number, "#,##0", locale=LOCALE)


def share(part: Fraction | float, digits: int = 0) -> str:
    """A share as a percentage, with a no-break space before the sign: `38 %`."""
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    number = format_decimal(Decimal(str(float(part) * 100)), pattern, locale=LOCALE)
    return f"{number}\u00a0%"


def tokens(count: int) -> str:
    """A count of tokens: `about 1.2 billion tokens`, `9,312 tokens`."""
    sign = "-" if count < 0 else ""
    size = abs(count)
    for unit, word in _TOKEN_WORDS:
        rounded = (Decimal(size) / unit).quantize(_TENTH)
        if rounded >= 1:
            return f"about {sign}{format_decimal(rounded, '#,##0.#', locale=LOCALE)} {word} tokens"
    if size >= _FEW_TOKENS:
        return f"about {sign}{format_decimal(round(size, -3), locale=LOCALE)} tokens"
    return f"{sign}{format_decimal(size, locale=LOCALE)} token{'' if size == 1 else 's'}"


def zone_or_utc(name: str | None) -> tzinfo:
    """The time zone of that name; UTC when there is none or it is unknown here."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def slack_date(instant: datetime, zone: tzinfo, pattern: str = "{date_short_pretty}") -> str:
    """An instant that Slack shows in each reader's own zone; the fallback is written in `zone`."""
    return f"<!date^{int(instant.timestamp())}^{pattern}|{moment(instant, zone)}>"


def slack_moment(instant: datetime, zone: tzinfo) -> str:
    """Date and time of day of an instant, in each reader's own zone."""
    return slack_date(instant, zone, "{date_short_pretty} {time}")


def moment(instant: datetime, zone: tzinfo) -> str:
    """`Tue 21 Jul 14:05`, in that zone: for texts in which Slack's own dates cannot stand."""
    return format_datetime(instant.astimezone(zone), "EEE d MMM HH:mm", locale=LOCALE)


def date_at(instant: datetime, zone: tzinfo) -> str:
    """`Tue 21 Jul`, the day of an instant in that zone: for texts in which Slack's own dates cannot stand."""
    return day(instant.astimezone(zone).date())


def day(on: date) -> str:
    """`Tue 28 Jul`."""
    return format_date(on, "EEE d MMM", locale=LOCALE)


def day_and_month(on: date) -> str:
    """`28 Jul`."""
    return format_date(on, "d MMM", locale=LOCALE)


def month(on: date) -> str:
    """`July`."""
    return format_date(on, "LLLL", locale=LOCALE)


def period_name(label: str, first_on: date | None = None) -> str:
    """A period as people call it: `July` for 2026-07, `Q3 2026` for 2026-Q3, `2026` for a year."""
    parts = label.split("-")
    if len(parts) == 2 and parts[1].isdigit():  # noqa: PLR2004 - a year and a month
        return month(date(int(parts[0]), int(parts[1]), 1))
    if len(parts) == 2:  # noqa: PLR2004 - a year and a quarter
        return f"{parts[1]} {parts[0]}"
    return label if first_on is None or label.isdigit() else month(first_on)


def mention(person: Mapping[str, Any]) -> str:
    """Somebody given as {"name", "slack_id"}: a mention that reaches them, or their name in bold."""
    if person.get("slack_id"):
        return f"<@{person['slack_id']}>"
    return f"*{escape(str(person.get('name') or 'somebody'))}*"


def people(names: list[str], joiner: str = "and") -> str:
    """`Ada`, `Ada and Grace`, `Ada, Grace and Linus`; the names must have been escaped."""
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joiner} {names[-1]}"
