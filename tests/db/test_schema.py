from db import schema
from db.session import Database


def test_a_migrated_database_is_at_the_head_with_all_triggers(database: Database) -> None:
    assert schema.at_head(database)
    assert schema.missing_triggers(database) == []
