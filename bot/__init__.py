"""Stipend: the Slack bot with which a company runs AI compute as part of its engineers' pay."""
