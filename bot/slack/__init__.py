"""Slack: listeners that parse, call one service and answer; views that draw."""
