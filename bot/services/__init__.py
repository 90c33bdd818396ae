"""Verbs, one database transaction each: load rows, ask the rules, write rows and what must be told."""
