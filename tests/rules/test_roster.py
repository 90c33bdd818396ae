from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.money import NANOS
from bot.rules.roster import OPTIONAL, REQUIRED, BadPeopleFile, parse_people

HEADER = ",".join(REQUIRED)
ADA = "Ada@Example.com,Ada Byron,Engines,grace@example.com,engineer,500000,50000,120000,USD"
GRACE = "grace@example.com,Grace Hopper,Engines,,finance admin,,,,"


def errors_of(text: str) -> list[str]:
    with pytest.raises(BadPeopleFile) as caught:
        parse_people(text)
    return caught.value.errors


def numbered(number: int, **cells: str) -> str:
    row = dict.fromkeys(REQUIRED, "") | {"email": f"p{number}@example.com", "name": "P", "team": "T"} | cells
    return ",".join(f'"{cell}"' for cell in row.values())


def test_a_person_is_read() -> None:
    ada, grace = parse_people(f"{HEADER}\n{ADA}\n{GRACE}\n")
    assert (ada.line, ada.email, ada.manager_email, ada.roles) == (
        2,
        "ada@example.com",
        "grace@example.com",
        frozenset(),
    )
    assert (ada.base_nanos, ada.bonus_nanos, ada.equity_nanos) == (500_000 * NANOS, 50_000 * NANOS, 120_000 * NANOS)
    assert (grace.roles, grace.base_nanos, grace.currency) == (frozenset({"finance", "admin"}), None, "USD")
    assert (grace.manager_email, grace.timezone, grace.effective_from) == (None, None, None)


def test_every_optional_column_is_read() -> None:
    cells = "u012ab3cd,Europe/Berlin,2026-11-01,2026-12-31,L5,de,Engines GmbH,42,Senior"
    (ada,) = parse_people(f"{HEADER},{','.join(OPTIONAL)}\n{ADA},{cells}")
    assert (ada.slack_user_id, ada.timezone, ada.country) == ("U012AB3CD", "Europe/Berlin", "DE")
    assert (ada.effective_from, ada.ends_on) == (date(2026, 11, 1), date(2026, 12, 31))
    assert (ada.pay_band, ada.legal_entity, ada.cost_center, ada.level) == ("L5", "Engines GmbH", "42", "Senior")


def test_a_spreadsheets_file_is_read() -> None:
    text = f"\ufeff{HEADER.title()},,\r\n\r\n{ADA},,\r\n,,,,,,,,,,\r\n"
    (ada,) = parse_people(text)
    assert ada.line == 3


def test_columns_stand_in_any_order() -> None:
    header = ",".join(reversed(REQUIRED))
    assert parse_people(f"{header}\n{','.join(reversed(ADA.split(',')))}")[0].base_nanos == 500_000 * NANOS


def test_amounts_may_have_thousands_and_cents() -> None:
    (row,) = parse_people(f"{HEADER}\n{numbered(1, base_salary='1,250,000.55', currency='eur')}")
    assert (row.base_nanos, row.currency) == (1_250_000_550_000_000, "EUR")


def test_a_bad_number_at_line_seven() -> None:
    rows = [numbered(line) for line in range(2, 7)]
    errors = errors_of("\n".join([HEADER, *rows, numbered(7, base_salary="12x", currency="USD")]))
    assert errors == ['line 7: base_salary "12x" is not an amount; write it like 250000 or 250000.50.']


def test_a_mistyped_salary_is_not_repeated() -> None:
    (error,) = errors_of(f"{HEADER}\n{numbered(2, base_salary='437.500,00', currency='EUR')}")
    assert "437" not in error


def test_pay_is_in_no_repr() -> None:
    text = repr(parse_people(f"{HEADER},pay_band\n{ADA},L5"))
    assert "500000" not in text
    assert "120000" not in text
    assert "L5" not in text


def test_a_duplicate_names_the_first_line() -> None:
    assert errors_of(f"{HEADER}\n{ADA}\n{GRACE}\n{ADA.lower()}") == [
        'line 4: email "ada@example.com" is on line 2 already.'
    ]


def test_a_row_of_several_lines_is_named_by_its_first() -> None:
    text = f'{HEADER}\n"a@b.co","A\nB",T,,,,,,\n{numbered(4, role="boss")}'
    assert [error.split(":")[0] for error in errors_of(text)] == ["line 2", "line 4"]


def test_all_mistakes_are_listed_at_once() -> None:
    header = f"{HEADER},{','.join(OPTIONAL)}"
    bad = "ada,,T,grace,financ,1e9,-5,NaN,DOLLARS,ada,Mars,2026-02-30,1.1.2026,L,Germany,E,C,L"
    late = "b@c.co,B,T,,,5,,,,,,2026-11-02,2026-11-01,,,,,"
    assert errors_of(f"{header}\n{bad}\n{late}\nshort") == [
        'line 2: email "ada" is not an e-mail address.',
        "line 2: name is empty.",
        'line 2: manager_email "grace" is not an e-mail address.',
        'line 2: role "financ" is not a role: engineer, finance or admin. Did you mean finance?',
        'line 2: base_salary "1e9" is not an amount; write it like 250000 or 250000.50.',
        'line 2: bonus "-5" is not an amount; write it like 250000 or 250000.50.',
        'line 2: equity_per_year "NaN" is not an amount; write it like 250000 or 250000.50.',
        'line 2: currency "DOLLARS" is not a currency code of three letters, such as USD.',
        'line 2: slack_user_id "ada" is not a Slack user id, such as U012AB3CD.',
        'line 2: timezone "Mars" is not a time zone. Write it like Europe/Berlin.',
        'line 2: effective_from "2026-02-30" is not a day; write it like 2026-11-01.',
        'line 2: ends_on "1.1.2026" is not a day; write it like 2026-11-01.',
        'line 2: country "Germany" is not a country code of two letters, such as DE.',
        "line 3: ends_on 2026-11-01 lies before effective_from 2026-11-02.",
        "line 3: currency is empty beside base_salary; write a code such as USD.",
        "line 4: the header has 18 cells, and this row 1.",
    ]


def test_a_wrong_header_is_said_alone() -> None:
    header = HEADER.replace("manager_email", "manager_mail").replace("bonus", "name")
    assert errors_of(f"{header}\nnonsense") == [
        "line 1: the column name is there twice.",
        'line 1: "manager_mail" is not a column of this file. Did you mean manager_email?',
        "line 1: the columns are missing: manager_email, bonus.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty."),
        ("\n\n", "The file is empty."),
        (HEADER, "nobody below it"),
        (HEADER.replace(",", ";"), "separated by semicolons"),
        (HEADER.replace(",", "\t"), "separated by tabs"),
        (f'{HEADER}\n{ADA}\n"open', "line 3: the quotes do not match"),
        (f"{HEADER}\n{numbered(2, base_salary='9' * 14, currency='USD')}", "larger than any pay"),
        (f"{HEADER}\n{numbered(2, name='x' * 201)}", "longer than 200"),
        (f"{HEADER}\n{numbered(2, name='a' + chr(0) + 'b')}", "line 2"),
        (f"{HEADER}\n{numbered(2, name='x' * 200_000)}", "line 2"),
    ],
)
def test_what_is_no_people_file_is_refused(text: str, said: str) -> None:
    assert said in "\n".join(errors_of(text))


@given(st.text() | st.text(alphabet=',\n"ae@.1$', max_size=200).map(f"{HEADER}\n".__add__))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadPeopleFile):
        parse_people(text)
