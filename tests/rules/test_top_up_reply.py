"""A typed reply decides only if the whole of it parses."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.money import NANOS
from bot.rules.top_up import spell
from bot.rules.top_up_reply import (
    Approve,
    BadUntil,
    Deny,
    Reply,
    Unclear,
    begins_like_a_decision,
    how_to_type,
    read_reply,
    read_until,
)

ON = date(2026, 11, 16)  # a Monday
ASKED = 500 * NANOS


def read(text: str, asked: int = ASKED) -> Reply | None:
    return read_reply(text, asked_nanos=asked, on=ON)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("approve", Approve()),
        ("Approve", Approve()),
        ("  APPROVE  ", Approve()),
        ("approve 300", Approve(300 * NANOS)),
        ("approve $300.50", Approve(30050 * NANOS // 100)),
        ("approve 300 usd", Approve(300 * NANOS)),
        ("approve 500", Approve(500 * NANOS)),
        ("approve $300 until friday", Approve(300 * NANOS, date(2026, 11, 20))),
        ("approve until tomorrow", Approve(None, date(2026, 11, 17))),
        ("approve until 5 dec", Approve(None, date(2026, 12, 5))),
        ("approve until dec 5", Approve(None, date(2026, 12, 5))),
        ("approve until 2026-12-05", Approve(None, date(2026, 12, 5))),
        ("approve until end of month", Approve(None, date(2026, 11, 30))),
        ("approve 300 for this month because the freeze", Approve(300 * NANOS, date(2026, 11, 30), "the freeze")),
        ("approve because you asked nicely", Approve(note="you asked nicely")),
        ("deny", Deny()),
        ("Deny too early", Deny("too early")),
        ("deny not before the review, sorry!", Deny("not before the review, sorry!")),
    ],
)
def test_whole_sentences_decide(text: str, expected: Approve | Deny) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "approve once legal signs off",
        "approved?",
        "approved",
        "Approve!!! no wait",
        "approve.",
        "approve?",
        "approve 300 400",
        "approve 501",
        "approve 0",
        "approve -5",
        "approve 1e2",
        "approve 300k",
        "approve 300.505",
        "approve 99999999999999999999999999",
        "approve \u0663\u0660\u0660",
        "approve until yesterday",
        "approve until 2026-11-15",
        "approve until 31 feb",
        "approve until 2030-01-01",
        "approve 300 because",
        "approve because is it fine?",
        "approve because " + "x" * 501,
        ":white_check_mark: approve",
        "✅ approve",
        "approve :+1:",
        "<@U0GRACE> approve",
        "approve <@U0ADA>",
        "*approve*",
        "_approve_",
        "denied",
        "deny?",
        "deny!",
        "deny unless legal signs off",
        "deny — unless legal signs off",
        "deny (if she asks again)",
        "|:---:|:---:| approve",
        "deny if she asks again",
        "deny or approve",
        "deny why, exactly?",
    ],
)
def test_anything_else_that_begins_like_a_decision_is_asked_about(text: str) -> None:
    assert begins_like_a_decision(text)
    assert isinstance(read(text), Unclear)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thanks",
        "not approved",
        "I would approve this",
        "disapprove",
        "Denise knows",
        "approval is pending",
        "lgtm",
        "👍",
    ],
)
def test_other_talk_is_left_alone(text: str) -> None:
    assert not begins_like_a_decision(text)
    assert read(text) is None


@pytest.mark.parametrize("text", ["|:---:" * 2000 + "|", ":-:" * 4000, ":a" * 4000, "<@U1 " * 4000, ":_'+" * 4000])
def test_no_pasted_table_keeps_the_reader_busy(text: str) -> None:
    assert not begins_like_a_decision(text + "x")  # tried in every combination, this would not end in a lifetime


amounts = st.integers(1, ASKED // NANOS * 100).map(lambda cents: cents * NANOS // 100)
days = st.integers(0, 366).map(lambda number: ON + timedelta(days=number))
words = (
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", min_size=1)
    .filter(str.strip)
    .map(lambda text: " ".join(text.split()))
)


@st.composite
def approvals(draw: st.DrawFn) -> tuple[list[str], Approve]:
    nanos, last_day, note = draw(st.none() | amounts), draw(st.none() | days), draw(st.just("") | words)
    parts = ["approve"]
    if nanos is not None:
        parts.append(spell(nanos).removeprefix(draw(st.sampled_from(["", "$"]))))
    if last_day is not None:
        parts += ["until", draw(st.sampled_from([last_day.isoformat(), f"{last_day:%d %B %Y}".lstrip("0")]))]
    if note:
        parts += ["because", note]
    return parts, Approve(nanos, last_day, note)


@given(approvals())
def test_valid_sentences_mean_what_they_were_made_of(made: tuple[list[str], Approve]) -> None:
    parts, expected = made
    assert read(" ".join(parts)) == expected


@given(approvals(), st.data())
def test_one_more_word_and_it_does_not_decide(made: tuple[list[str], Approve], data: st.DataObject) -> None:
    parts, expected = made
    fixed = parts[:-2] if expected.note else parts
    before = data.draw(st.integers(1, len(fixed)))
    extra = data.draw(st.sampled_from(["please", "maybe", "once", "not", "ok", "<@U1>", ":tada:", "?", "and", "more"]))
    text = " ".join([*parts[:before], extra, *parts[before:]])
    assert isinstance(read(text), Unclear)


@given(amounts, amounts)
def test_never_more_than_was_asked_for(asked: int, given_: int) -> None:
    reply = read(f"approve {spell(given_)}", asked)
    assert (reply == Approve(given_)) == (given_ <= asked)


@given(st.text(max_size=80))
def test_nothing_typed_breaks_the_reader(text: str) -> None:
    read(text)
    read(f"approve {text}")
    read(f"deny {text}")


@pytest.mark.parametrize("name", ["monday", "tue", "Weds", "thurs", "friday", "SAT", "sunday"])
def test_a_weekday_is_the_next_one(name: str) -> None:
    if name == "Weds":
        with pytest.raises(BadUntil):
            read_until(name, ON)
        return
    found = read_until(name, ON)
    assert ON <= found < ON + timedelta(days=7)
    assert f"{found:%A}".lower().startswith(name.lower())


def test_a_day_without_a_year_is_the_near_one() -> None:
    assert read_until("5 jan", ON) == date(2027, 1, 5)
    assert read_until("16 nov", ON) == ON
    with pytest.raises(BadUntil, match="past"):
        read_until("15 nov", ON)
    assert read_until("29 feb", date(2027, 9, 1)) == date(2028, 2, 29)


def test_the_hint_never_suggests_what_would_be_refused() -> None:
    for dollars in ("0.5", "1", "2", "3", "500", "1300.5"):
        asked = int(float(dollars) * NANOS)
        for typed in how_to_type(asked).split(" · ")[:-1]:
            assert isinstance(read(typed.strip("`"), asked), Approve), typed
