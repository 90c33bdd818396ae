import re
from contextlib import suppress
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.money import NANOS
from bot.rules.policy import DEFAULTS, BadPolicy, PayBand, Policy, caps, parse_policy, resolve

DESIGNED = """
effective_from = 2026-12-01
timezone = "Europe/Berlin"
[allotment]
kind = "share_of_base"
share = 0.5
period = "month"
[notices]
budget = [0.5, 0.8, 1.0]
salary_near = 0.8
salary_in_channels = "counts"
[top_up]
auto_approve_usd = 50
manager_limit_usd = 2000
expires_after_days = 7
[enforcement]
mode = "notify"
[team.Engines.allotment]
kind = "fixed"
amount_usd = 4000
[person."Ada@Example.com".allotment]
amount_usd = "4,500.50"
[country.DE.notices]
salary_in_channels = "off"
"""


def errors_of(text: str) -> list[str]:
    with pytest.raises(BadPolicy) as caught:
        parse_policy(text)
    return caught.value.errors


def company(text: str) -> Policy:
    return resolve(parse_policy(text))


def test_an_empty_policy_is_the_defaults() -> None:
    document = parse_policy("")
    assert (document.effective_from, document.timezone) == (None, None)
    assert resolve(document, email="a@b.co", team="T", country="DE") == DEFAULTS


def test_the_defaults() -> None:
    assert (DEFAULTS.allotment_kind, DEFAULTS.share, DEFAULTS.period_months) == ("share_of_base", Fraction(1, 2), 1)
    assert DEFAULTS.notices_budget == (Fraction(1, 2), Fraction(4, 5), Fraction(1))
    assert (DEFAULTS.salary_near, DEFAULTS.salary_in_channels) == (Fraction(4, 5), "counts")
    assert (DEFAULTS.auto_approve_nanos, DEFAULTS.manager_limit_nanos) == (50 * NANOS, 2000 * NANOS)
    assert (DEFAULTS.top_up_expires_after_days, DEFAULTS.enforcement_mode) == (7, "notify")
    assert DEFAULTS.digest_at == DEFAULTS.sweep_at == time(9)
    assert not DEFAULTS.trusted_end_user_sources


def test_a_whole_policy_is_read() -> None:
    document = parse_policy(DESIGNED, zone=ZoneInfo("Europe/Berlin"))
    assert document.effective_from == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert document.timezone == "Europe/Berlin"
    assert document.teams == {"Engines"}
    assert document.countries == {"DE"}
    assert document.people == {"ada@example.com"}
    assert parse_policy(DESIGNED).effective_from == datetime(2026, 12, 1, tzinfo=UTC)


def test_the_most_specific_scope_wins_field_by_field() -> None:
    document = parse_policy(DESIGNED)
    ada = resolve(document, email="ada@example.com", team="engines", country="de")
    assert (ada.allotment_kind, ada.amount_nanos) == ("fixed", 4500 * NANOS + NANOS // 2)
    assert (ada.salary_in_channels, ada.share) == ("off", Fraction(1, 2))
    assert [ada.source_of(name) for name in ("amount_nanos", "allotment_kind", "salary_in_channels", "share")] == [
        "person ada@example.com",
        "team Engines",
        "country DE",
        "company",
    ]
    assert ada.source_of("digest_at") == "company default"
    with pytest.raises(KeyError):
        ada.source_of("nonsense")


@pytest.mark.parametrize("scope", [{"team": "Other"}, {"country": "FR"}, {"email": "b@example.com"}, {}])
def test_others_are_under_the_companys(scope: dict[str, str]) -> None:
    document = parse_policy(DESIGNED)
    assert resolve(document, **scope).allotment_kind == "share_of_base"
    assert resolve(document, **scope).salary_in_channels == "counts"


@given(
    st.permutations(["person", "team", "country", "company"]),
    st.sets(st.sampled_from(["person", "team", "country", "company"])),
)
def test_the_order_in_the_file_does_not_matter(order: list[str], present: set[str]) -> None:
    paths = {"person": 'person."a@b.co".', "team": "team.T.", "country": "country.DE.", "company": ""}
    shares = {"person": "0.1", "team": "0.2", "country": "0.3", "company": "0.4"}
    text = "\n".join(f"[{paths[kind]}allotment]\nshare = {shares[kind]}" for kind in order if kind in present)
    found = resolve(parse_policy(text), email="a@b.co", team="T", country="DE").share
    first = next((kind for kind in paths if kind in present), None)
    assert found == (Fraction(shares[first]) if first else Fraction(1, 2))


@given(st.decimals(0, 10**9, places=9))
def test_money_is_exact_in_every_spelling(amount: Decimal) -> None:
    text = f"{amount:f}"
    for spelling in (text, f'"{text}"', f'"${text}"'):
        assert company(f"[allotment]\namount_usd = {spelling}").amount_nanos == int(amount * NANOS)


def test_the_rest_is_read() -> None:
    policy = company(
        """
        [usage]
        trust_end_user = ["litellm"]
        [schedule]
        digest_at = "07:30"
        sweep_at = 18:00:00
        [allotment]
        kind = "pay_band"
        period = "quarter"
        [pay_band.L5]
        allotment_usd = 30000
        lower_base_usd = 180000
        [notices]
        budget = []
        """
    )
    assert policy.trusted_end_user_sources == {"litellm"}
    assert (policy.digest_at, policy.sweep_at) == (time(7, 30), time(18))
    assert (policy.allotment_kind, policy.period_months, policy.notices_budget) == ("pay_band", 3, ())
    assert policy.pay_bands == {"L5": PayBand(30_000 * NANOS, 180_000 * NANOS)}


def test_a_country_can_switch_things_off() -> None:
    document = parse_policy("[country.DE.switches]\nleaderboard = false\nmanager_views = false")
    german = resolve(document, country="DE")
    assert (german.leaderboard, german.named_notices, german.bursts, german.manager_views) == (False, True, True, False)
    assert resolve(document, country="FR").leaderboard


def test_an_instant_with_an_offset_stands_as_it_is() -> None:
    document = parse_policy("effective_from = 2026-12-01T09:00:00+01:00")
    assert document.effective_from == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_a_share_may_be_nothing_or_all() -> None:
    assert company("[allotment]\nshare = 0").share == 0
    assert company("[allotment]\nshare = 1.0").share == 1


def test_every_mistake_is_listed_at_once() -> None:
    errors = errors_of(
        """
        effective_from = 2026-12-01T00:00:00
        timezone = "Europe/Berln"
        alotment = 3
        notices = 5
        switches = 1
        [allotment]
        kind = "fix"
        share = 50
        perod = "month"
        amount_usd = nan
        [top_up]
        auto_approve_usd = 1e99
        expires_after_days = true
        [team.A.allotment]
        kind = "pay_band"
        period = "year"
        [team.a.usage]
        [team.B.usage]
        [person.ada.allotment]
        [person."ada@x.com".switches]
        [country.DE.switches]
        bursts = "no"
        burst = 1
        [country.Germany]
        [pay_band.L5]
        lower_base_usd = 1.5
        [schedule]
        digest_at = "9:00"
        """
    )
    assert errors == [
        "alotment is not a setting. Did you mean allotment?",
        "notices must be a table: write [notices] on a line of its own, and its keys below it.",
        "switches can be set for a country only.",
        'allotment.kind is "fix"; it can be "share_of_base", "fixed", "pay_band".',
        "allotment.share must be a number from 0 to 1: write 0.5 for 50 %.",
        "allotment.perod is not a setting. Did you mean period?",
        'allotment.amount_usd must be an amount of dollars, such as 4000, 4000.50 or "4,000.50".',
        'top_up.auto_approve_usd must be an amount of dollars, such as 4000, 4000.50 or "4,000.50".',
        "top_up.expires_after_days must be a whole number of days from 1 to 365.",
        'schedule.digest_at must be a time of day in quotes, such as "09:00".',
        "pay_band.L5 needs allotment_usd.",
        "team.A.allotment.period can be set for the whole company only.",
        "team.a is there already, as team.A.",
        "team.B.usage can be set for the whole company only.",
        "country.DE.switches.bursts must be true or false, without quotes.",
        "country.DE.switches.burst is not a setting. Did you mean bursts?",
        "country.Germany is no country code of two letters, such as DE.",
        'person.ada is no e-mail address; write it in quotes: [person."ada@example.com".allotment].',
        'person."ada@x.com".switches can be set for a country only.',
        "effective_from has no time zone: end it with Z or an offset such as +02:00, or give the day alone.",
        'timezone is wrong: "Europe/Berln" is not a time zone. Did you mean Europe/Berlin?',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[notices]\nbudget = [0.8, 0.5]", "notices.budget must rise"),
        ("[notices]\nbudget = [0.5, 0.50]", "notices.budget names a threshold twice"),
        ("[notices]\nbudget = [0, 1]", "notices.budget must have numbers above 0"),
        ("[notices]\nbudget = [-1]", "notices.budget must have numbers above 0"),
        ("[notices]\nbudget = 0.5", "notices.budget must be a list"),
        ('[notices]\nbudget = ["x"]', "notices.budget must be a list"),
        ("[notices]\nsalary_near = 0", "notices.salary_near must be a number above 0"),
        ("[notices]\nsalary_near = 80", "write 0.8 for 80 %"),
        ("[allotment]\nshare = -0.1", "allotment.share must be"),
        ('[allotment]\nshare = "half"', "allotment.share must be"),
        ("[allotment]\nshare = true", "allotment.share must be"),
        ("[allotment]\nkind = 3", "allotment.kind is no word"),
        ('[allotment]\nkind = "fixed"', 'allotment says kind = "fixed" and needs amount_usd'),
        ('[team.A.allotment]\nkind = "fixed"', "team.A.allotment says kind"),
        ('[allotment]\nkind = "pay_band"', "needs tables such as [pay_band.L5]"),
        ("[allotment]\namount_usd = -4", "must be from 0 to 1,000,000,000 dollars"),
        ("[allotment]\namount_usd = 1000000001", "must be from 0 to"),
        ("[allotment]\namount_usd = 0.0000000001", "amount of dollars"),
        ("[allotment]\namount_usd = inf", "amount of dollars"),
        ('[allotment]\namount_usd = "4.000,50"', "amount of dollars"),
        ("[top_up]\nauto_approve_usd = 5000", "top_up has auto_approve_usd above manager_limit_usd"),
        ("[team.A.top_up]\nmanager_limit_usd = 10", "team.A.top_up has auto_approve_usd above"),
        ("[top_up]\nexpires_after_days = 0", "from 1 to 365"),
        ("[usage]\ntrust_end_user = 'litellm'", "list of names"),
        ("effective_from = 2026-12-01T00:00:00", "effective_from has no time zone"),
        ("timezone = 3", "timezone must be a zone in quotes"),
        ("effective_from = '2026-12-01'", "effective_from must be a day or an instant without quotes"),
        ("effective_from = 2026", "effective_from must be"),
        ("team = 1", "team must be a table"),
        ("[team]\nA = 1", "team.A must be a table"),
        ("pay_band = 1", "pay_band must be a table"),
        ("[pay_band]\nL5 = 1", "pay_band.L5 must be a table"),
        ("x = ", "It is not TOML: Invalid value"),
        ("a = " + "[" * 100_000, "It is not TOML"),
        ("a = " + "9" * 10_000, "It is not TOML"),
        ("a = 1e" + "9" * 100, "It is not TOML"),
        ("#" * 1_000_001, "longer than any policy"),
    ],
)
def test_a_mistake_is_said_with_its_key(text: str, said: str) -> None:
    (error,) = errors_of(text)
    assert said in error


@given(st.text() | st.text(alphabet='[]="a.1\n#', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadPolicy):
        parse_policy(text)


TIERS = """
[[top_up.tier]]
up_to_usd = 1000
steps = ["manager"]
[[top_up.tier]]
up_to_usd = 5000
steps = ["manager", "managers_manager"]
[[top_up.tier]]
steps = ["manager", ["finance", "CFO@example.com"]]
[[team.Engines.top_up.tier]]
steps = ["finance"]
"""


def test_tiers_are_read_and_the_most_specific_list_wins_as_a_whole() -> None:
    document = parse_policy(TIERS)
    assert [(tier.up_to_nanos, tier.steps) for tier in resolve(document).tiers] == [
        (1000 * NANOS, (("manager",),)),
        (5000 * NANOS, (("manager",), ("managers_manager",))),
        (None, (("manager",), ("finance", "cfo@example.com"))),
    ]
    assert document.has_tiers
    assert not parse_policy("[top_up]\nmanager_limit_usd = 900").has_tiers
    assert parse_policy('[[team.X.top_up.tier]]\nsteps = ["finance"]').has_tiers
    engines = resolve(document, team="engines")
    assert [(tier.up_to_nanos, tier.steps) for tier in engines.tiers] == [(None, (("finance",),))]
    assert engines.source_of("top_up_tiers") == "team Engines"


def test_without_tiers_the_managers_limit_makes_two() -> None:
    tiers = company("[top_up]\nmanager_limit_usd = 300").tiers
    assert [(tier.up_to_nanos, tier.steps) for tier in tiers] == [
        (300 * NANOS, (("manager",),)),
        (None, (("finance",),)),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[top_up]\ntier = 5", r"^top_up\.tier must be a list of tables: write \[\[top_up\.tier\]\]"),
        ("[top_up]\ntier = [1]", r"^top_up\.tier must be a list of tables"),
        ('[[top_up.tier]]\nup_to_usd = -1\nsteps = ["manager"]', r"^top_up\.tier\[1\]\.up_to_usd must be from 0"),
        ("[[top_up.tier]]\nup_to_usd = 5", r"^top_up\.tier\[1\]\.steps must be a list of 1 to 5 steps"),
        ("[[top_up.tier]]\nsteps = []", r"^top_up\.tier\[1\]\.steps must be a list of 1 to 5 steps"),
        ("[[top_up.tier]]\nsteps = [[]]", r"^top_up\.tier\[1\]\.steps\[1\] must name 1 to 10 approvers"),
        ('[[top_up.tier]]\nsteps = ["boss"]', r'^top_up\.tier\[1\]\.steps\[1\] has "boss" that is no approver'),
        (
            '[[top_up.tier]]\nsteps = ["finance", 3]',
            r"^top_up\.tier\[1\]\.steps\[2\] has something that is no approver",
        ),
        ('[[top_up.tier]]\nsteps = [["finance", "finance"]]', r"^top_up\.tier\[1\]\.steps\[1\] names somebody twice"),
        ('[[top_up.tier]]\nstep = ["finance"]\nsteps = ["finance"]', r"step is not a setting\. Did you mean steps"),
        (
            '[[top_up.tier]]\nsteps = ["manager"]\n[[top_up.tier]]\nsteps = ["finance"]',
            r"^top_up\.tier\[1\] has no up_to_usd, so no later tier",
        ),
        (
            '[[top_up.tier]]\nup_to_usd = 5\nsteps = ["manager"]\n[[top_up.tier]]\nup_to_usd = 5\nsteps = ["finance"]',
            r"^top_up\.tier\[2\]\.up_to_usd must be above",
        ),
        ('[[team."a b".top_up.tier]]\nsteps = ["x"]', r'^team\."a b"\.top_up\.tier\[1\]\.steps\[1\] has "x"'),
        ("[top_up]\nremind_after_hours = 0", r"^top_up\.remind_after_hours must be a whole number of hours from 1"),
        ("[top_up]\nescalate_after_hours = -1", r"^top_up\.escalate_after_hours must be .* or 0 for never"),
        ("[top_up]\ntiers = 1", r"^top_up\.tiers is not a setting\. Did you mean tier\?"),
        ("[cap]\ncap_usd = -1", r"^cap\.cap_usd must be from 0"),
        ("[country.DE.cap]\ncap_usd = 1", r"^country\.DE\.cap can be set for the whole company or a team only"),
        ('[person."a@b.co".cap]\ncap_usd = 1', r"cap can be set for the whole company or a team only"),
    ],
)
def test_mistakes_in_tiers_and_caps_are_said_with_their_paths(text: str, says: str) -> None:
    (said,) = errors_of(text)
    assert re.search(says, said), said


def test_every_mistake_of_the_tiers_is_listed_at_once() -> None:
    said = errors_of('[[top_up.tier]]\nup_to_usd = "x"\nsteps = ["boss", []]\n[[top_up.tier]]\n')
    assert [each.split()[0] for each in said] == [
        "top_up.tier[1].up_to_usd",
        "top_up.tier[1].steps[1]",
        "top_up.tier[1].steps[2]",
        "top_up.tier[2].steps",
        "top_up.tier[1]",
    ]


def test_caps_of_the_company_and_of_a_team_stand_side_by_side() -> None:
    document = parse_policy("[cap]\ncap_usd = 900\n[team.Engines.cap]\ncap_usd = 40")
    engines, looms = resolve(document, team="engines"), resolve(document, team="Looms")
    assert caps(resolve(document), engines) == {"company": 900 * NANOS, "team": 40 * NANOS}
    assert caps(resolve(document), looms) == {"company": 900 * NANOS}
    assert caps(DEFAULTS, DEFAULTS) == {}
