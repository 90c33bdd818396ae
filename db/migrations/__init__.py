"""Alembic's migrations: the way from any released schema to this one."""
