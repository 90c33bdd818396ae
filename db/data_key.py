"""Data keys: one per owner, wrapped by the master key."""

import os
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, text
from sqlmodel import Session
from sqlmodel import select as select_rows

from db.listed import among, listed
from db.plain import rows, table_of
from db.seal import COMPANY, KEY_BYTES, Cipher, MasterKey, Sealed, SealError, Vault
from db.tables.audit import DataKey

_WRAPPED = table_of(DataKey).select().where(table_of(DataKey).c.owner == bindparam("owner"))
_AHEAD = "data keys read ahead"


class WrongMasterKey(SealError):
    """STIPEND_ENCRYPTION_KEY is not the key that this database was sealed with. Nothing was read or changed."""


def vault(session: Session, master: MasterKey, *, reading: bool = False) -> Vault:
    """A vault that finds data keys in this session and, unless `reading`, makes an owner's first one in it."""

    def find(owner: str) -> Cipher | None:
        ahead: dict[str, Sealed] = session.info.get(_AHEAD, {})
        if owner in ahead:
            return unwrap(master, ahead[owner], owner)
        found = rows(session, _WRAPPED, owner=owner)
        return unwrap(master, found[0].wrapped, owner) if found else None

    return Vault(find, None if reading else lambda owner: _make(session, master, owner))


def wrapped_of(owner: ColumnElement[str]) -> Any:
    """An owner's wrapped key as a column, for a statement that reads what it opens; `read_with` takes it from there."""
    return select(table_of(DataKey).c.wrapped).where(table_of(DataKey).c.owner == owner).scalar_subquery()


def read_with(session: Session, owner: str, wrapped: Sealed | None) -> None:
    """Remember an owner's key that came with what it opens."""
    if wrapped is not None:
        session.info.setdefault(_AHEAD, {})[owner] = wrapped


def read_ahead(session: Session, owners: Iterable[str]) -> None:
    """Read many owners' keys at once. For a look only: what is destroyed meanwhile is still there in its snapshot."""
    statement = f"SELECT owner, wrapped FROM data_key WHERE {among(session, 'owner')}"  # noqa: S608
    for owner, wrapped in session.execute(text(statement), {"listed": listed(session, owners)}):
        read_with(session, owner, Sealed(bytes(wrapped)))


def unwrap(master: MasterKey, wrapped: Sealed, owner: str) -> Cipher:
    """Open an owner's data key; raises WrongMasterKey."""
    try:
        return master.unwrap(wrapped, owner)
    except SealError as error:
        raise WrongMasterKey(WrongMasterKey.__doc__) from error


def _make(session: Session, master: MasterKey, owner: str) -> Cipher:
    data_key = os.urandom(KEY_BYTES)
    session.add(DataKey(owner=owner, wrapped=master.wrap(data_key, owner), master=master.fingerprint))
    session.flush()
    return Cipher(data_key)


def prove_master_key(session: Session, master: MasterKey) -> bool:
    """Whether the company's data key exists; raises WrongMasterKey when this master key does not open it."""
    row = session.get(DataKey, COMPANY)
    if row is None:
        return False
    unwrap(master, row.wrapped, row.owner)
    return True


def rewrap(session: Session, old: MasterKey, new: MasterKey) -> int:
    """Wrap every data key anew: the rotation of the master key. Returns how many; all or none."""
    rows = session.exec(select_rows(DataKey).order_by(DataKey.owner)).all()
    for row in rows:
        plain = old.open(row.wrapped, f"data_key:{row.owner}")
        row.wrapped, row.master = new.wrap(plain, row.owner), new.fingerprint
    return len(rows)


def forget(session: Session, owner: str) -> None:
    """Destroy an owner's data key: what was sealed for them can never be opened again."""
    session.info.get(_AHEAD, {}).pop(owner, None)
    row = session.get(DataKey, owner)
    if row is not None:
        session.delete(row)
