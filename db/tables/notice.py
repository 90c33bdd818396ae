"""What has been announced."""

from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import SealedColumn


class Notice(SQLModel, table=True):
    """The highest threshold announced for a (subject, kind, period).

    The key is blinded and the state sealed, and no time stands here: the moment of a salary notice beside plain spend
    would give the salary away. `state` is sealed JSON for owner `company`, bound to `notice:<key>`; it is changed by
    compare-and-set on the ciphertext.
    """

    __tablename__ = "notice"

    key: str = Field(primary_key=True)
    state: Sealed = Field(sa_type=SealedColumn)
