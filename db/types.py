"""Column types that mean the same on SQLite and PostgreSQL.

Together with `engine.py` this is the only place that knows how the two engines differ.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator, TypeEngine

from db.seal import Sealed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BIGINT_END = 1 << 63

# SQLite only counts up by itself on a column that is exactly INTEGER PRIMARY KEY.
BigId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database.

    SQLite returns naive datetimes from its own type, so there the instant is stored as microseconds since 1970,
    which also compares and sorts as a plain integer. A naive datetime is refused with a ValueError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An integer on SQLite, TIMESTAMPTZ elsewhere."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a naive datetime; convert the rest to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs a time zone: naive datetimes are refused.")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return _EPOCH + timedelta(microseconds=value) if dialect.name == "sqlite" else value.astimezone(UTC)


class Nanos(TypeDecorator[int]):
    """Nano-dollars as BIGINT (at most about 9.2 billion dollars); floats and booleans are refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse what is not an integer: SQLite would store it as it comes."""
        if value is not None and type(value) is not int:
            raise ValueError(f"Money is an integer of nano-dollars, not {type(value).__name__}.")
        if value is not None and not -_BIGINT_END <= value < _BIGINT_END:
            raise ValueError("Money beyond 9.2 billion dollars does not fit into the ledger.")
        return value


class SealedColumn(TypeDecorator[Sealed]):
    """Ciphertext; reading the row does not open it."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Sealed | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Only a Sealed goes in, so that a plain value cannot be stored by mistake."""
        if value is None:
            return None
        if not isinstance(value, Sealed):
            raise TypeError("Only a Sealed value goes into a sealed column.")
        return value.ciphertext

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Sealed | None:  # noqa: ARG002
        """Wrap the ciphertext again."""
        return None if value is None else Sealed(bytes(value))
