"""The town is there for whoever tells a story in it."""

from tests.story.fixtures import database_url, mode, town

__all__ = ["database_url", "mode", "town"]
