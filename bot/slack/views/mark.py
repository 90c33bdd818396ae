"""The emoji that the bot uses: this set and no other. Each has one meaning, and words beside it that say the same."""

WAITING = ":hourglass_flowing_sand:"  # somebody has still to decide
APPROVED = ":white_check_mark:"  # somebody has said yes
DENIED = ":no_entry:"  # somebody has said no
WITHDRAWN = ":leftwards_arrow_with_hook:"  # whoever asked has taken it back
ENDED = ":calendar:"  # time ran out before anybody decided
INCOMPLETE = ":warning:"  # something is missing, or not in effect, until somebody acts

ALL = frozenset({WAITING, APPROVED, DENIED, WITHDRAWN, ENDED, INCOMPLETE})
