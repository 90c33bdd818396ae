"""What has been announced."""

from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import SealedColumn


class Notice(SQLModel, table=True):
    """The highest threshold announced for a (subject, kind, period).

    The key is blinded and the state sealed, and no time stands here: the moment of a salary notice beside plain spend
    would give the salary away. There are rows for everybody who spends, from the first look on, stored in the order of
    their keys: rows of those who were told could be counted. `state` is sealed JSON for owner `company`, bound to
    `notice:<key>`; it is changed by compare-and-set on the ciphertext.
    """

    __tablename__ = "notice"
    __table_args__ = {"sqlite_with_rowid": False}  # else SQLite would number them as they come

    key: str = Field(primary_key=True)
    state: Sealed = Field(sa_type=SealedColumn)
