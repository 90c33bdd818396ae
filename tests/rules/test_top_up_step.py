"""Who may decide which step: the table, what freezes, and what no roster and no delegation can bring about."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.money import NANOS
from bot.rules.policy import DEFAULTS
from bot.rules.top_up import is_automatic
from bot.rules.top_up_step import People, Step, current, deciders, is_possible, named, named_in, read, written
from bot.rules.top_up_tier import Tier, tier_for

ADA, GRACE, MIA, FIN, FLO, NAN, DEL = range(1, 8)
MANAGER, ABOVE, FINANCE = Step(("manager",)), Step(("managers_manager",)), Step(("finance",))
USUAL = People(ADA, GRACE, MIA, frozenset({FIN, FLO}), frozenset({NAN}))


def people(**changes: object) -> People:
    usual = {name: getattr(USUAL, name) for name in USUAL.__slots__}
    return People(**(usual | changes))


@pytest.mark.parametrize(
    ("asked", "approved", "first"),
    [
        (50, 0, None),
        (50.01, 0, "manager"),
        (30, 20, None),
        (30, 21, "manager"),
        (2000, 0, "manager"),
        (2000.01, 0, "finance"),
        (500, 1501, "finance"),
    ],
)
def test_what_was_approved_before_counts_towards_the_limits(asked: float, approved: float, first: str | None) -> None:
    total = int((asked + approved) * NANOS)
    tier = tier_for(DEFAULTS.tiers, total)
    assert tier is not None
    assert (None if is_automatic(DEFAULTS, total) else tier.steps[0][0]) == first


def test_a_sum_that_no_tier_reaches_has_none() -> None:
    only = (Tier(500, (("manager",),)),)
    assert tier_for(only, 500) is only[0]
    assert tier_for(only, 501) is None


@pytest.mark.parametrize(
    ("steps", "who", "expected"),
    [
        ([MANAGER], USUAL, {GRACE: None}),
        ([MANAGER], people(finance=frozenset()), {GRACE: None}),
        ([MANAGER], people(manager=None), {FIN: None, FLO: None}),
        ([MANAGER], people(manager=ADA), {FIN: None, FLO: None}),
        ([MANAGER], people(delegates={GRACE: DEL}), {GRACE: None, DEL: GRACE}),
        ([MANAGER], people(delegates={GRACE: ADA}), {GRACE: None}),
        ([MANAGER], people(manager=ADA, delegates={ADA: DEL}), {FIN: None, FLO: None}),
        ([ABOVE], USUAL, {MIA: None}),
        ([ABOVE], people(managers_manager=ADA, delegates={ADA: DEL}), {FIN: None, FLO: None}),
        ([ABOVE], people(managers_manager=None), {FIN: None, FLO: None}),
        ([FINANCE], USUAL, {FIN: None, FLO: None}),
        ([FINANCE], people(finance=frozenset({ADA, FIN})), {FIN: None}),
        ([FINANCE], people(finance=frozenset({ADA})), {}),
        ([FINANCE], people(delegates={FIN: DEL}), {FIN: None, FLO: None}),
        ([Step((named(NAN),))], USUAL, {NAN: None}),
        ([Step((named(NAN),))], people(named=frozenset()), {FIN: None, FLO: None}),
        ([Step((named(NAN),))], people(delegates={NAN: DEL}), {NAN: None, DEL: NAN}),
        ([Step((named(ADA),))], people(named=frozenset({ADA}), delegates={ADA: DEL}), {FIN: None, FLO: None}),
        ([Step(("finance", named(NAN)))], USUAL, {FIN: None, FLO: None, NAN: None}),
        ([Step(("manager",), frozenset({GRACE})), FINANCE], USUAL, {FIN: None, FLO: None}),
        ([Step(("manager",), frozenset({GRACE}))], USUAL, {}),
        # Nobody decides two steps: neither again for themselves, nor by whoever acted for them.
        ([Step(("finance",), frozenset({FIN})), FINANCE], USUAL, {FLO: None}),
        ([Step(("manager",), frozenset({FIN})), ABOVE], people(managers_manager=FIN), {FLO: None}),
        (
            [Step(("manager",), frozenset({DEL, GRACE})), Step((named(GRACE), named(DEL)))],
            people(named=frozenset({GRACE, DEL})),
            {FIN: None, FLO: None},
        ),
        # Whoever is needed later is spared, while there is somebody else.
        ([Step(("manager", "finance")), Step((named(GRACE),))], people(named=frozenset({GRACE}), finance=frozenset()),
         {GRACE: None}),
        ([Step(("finance",)), Step((named(FIN),))], people(named=frozenset({FIN}), finance=frozenset({FIN, FLO})),
         {FIN: None, FLO: None}),
        ([Step((named(FIN), named(NAN))), FINANCE], people(named=frozenset({FIN, NAN}), finance=frozenset({FIN})),
         {NAN: None}),
        # After an escalation those above may decide too.
        ([Step(("manager",), is_escalated=True)], USUAL, {GRACE: None, MIA: None}),
        ([Step(("manager",), is_escalated=True)], people(managers_manager=None),
         {GRACE: None, FIN: None, FLO: None}),
        ([Step(("managers_manager",), is_escalated=True)], USUAL, {MIA: None, FIN: None, FLO: None}),
    ],
)  # fmt: skip
def test_the_table_of_who_decides(steps: list[Step], who: People, expected: dict[int, int | None]) -> None:
    assert deciders(steps, who) == expected


@pytest.mark.parametrize(
    ("steps", "who", "possible"),
    [
        ([MANAGER, FINANCE], USUAL, True),
        ([MANAGER, FINANCE], people(manager=FIN, finance=frozenset({FIN})), False),
        ([MANAGER, FINANCE], people(manager=None, finance=frozenset({FIN})), False),
        ([MANAGER, FINANCE], people(manager=None), True),
        ([FINANCE, FINANCE, FINANCE], USUAL, False),
        ([Step(("manager", "finance")), Step((named(NAN),))], people(manager=NAN, finance=frozenset({FIN})), True),
        ([FINANCE], people(finance=frozenset({ADA})), False),
        ([], USUAL, True),
    ],
)
def test_whether_there_are_enough_different_people(steps: list[Step], who: People, possible: bool) -> None:
    assert is_possible(steps, who) is possible


IDS = st.integers(1, 6)
KINDS = st.lists(
    st.one_of(st.sampled_from(["manager", "managers_manager", "finance"]), IDS.map(named)), min_size=1, max_size=3
)
COMPANIES = st.builds(
    People,
    requester=IDS,
    manager=st.none() | IDS,
    managers_manager=st.none() | IDS,
    finance=st.frozensets(IDS),
    named=st.frozensets(IDS),
    delegates=st.dictionaries(IDS, IDS),
)


@given(st.lists(KINDS, min_size=1, max_size=4), COMPANIES, st.data())
def test_nobody_decides_their_own_nor_twice_whatever_roster_and_delegations_say(
    kinds: list[list[str]], who: People, data: st.DataObject
) -> None:
    steps = [Step(tuple(each)) for each in kinds]
    seen: set[int] = set()
    possible = is_possible(steps, who)
    while (able := deciders(steps, who)) and (at := current(steps)) is not None:
        for by, whose in able.items():
            assert who.requester not in {by, whose}
            assert not seen & {by, whose}
        by = data.draw(st.sampled_from(sorted(able)))
        took = {by, able[by]} - {None}
        seen |= {one for one in took if one is not None}
        steps[at] = Step(steps[at].kinds, frozenset(one for one in took if one is not None))
    # Whoever decides, a request that could be decided comes to its end.
    assert (current(steps) is None) or not possible


@given(KINDS)
def test_kinds_are_read_as_they_were_written(kinds: list[str]) -> None:
    assert read(written(kinds)) == tuple(kinds)


def test_names_are_found_in_steps() -> None:
    assert named_in([Step(("finance", named(NAN))), Step((named(12),)), MANAGER]) == {NAN, 12}


def test_without_tiers_everybody_goes_by_the_managers_limit() -> None:
    for nanos, kind in product([1, 2000 * NANOS], ["manager"]):
        tier = tier_for(DEFAULTS.tiers, nanos)
        assert tier is not None
        assert tier.steps == ((kind,),)
