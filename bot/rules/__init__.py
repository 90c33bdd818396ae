"""Pure rules: frozen dataclasses and functions over them. Standard library only; no clock, SQL, Slack or logging."""
