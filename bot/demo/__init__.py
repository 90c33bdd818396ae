"""The demo: an invented company in a Slack on this machine, and the real bot in it.

`company` is who works there and `usage` what they spend, both pure. `town` puts the local Slack and the bot together in
one process, `history` plays the three months before the story, `story` is what the page offers to try, and `run` is the
command. It is the only part of Stipend that knows both the bot and the local Slack.
"""
