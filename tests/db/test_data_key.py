import os
import threading
from collections.abc import Callable

import pytest
from sqlmodel import Session, select

from db import data_key
from db.data_key import WrongMasterKey
from db.seal import COMPANY, KEY_BYTES, MasterKey, NoDataKey, Sealed, SealError, Vault, person_owner
from db.session import Database
from db.tables import DataKey

NEW = MasterKey(bytes([1]) * KEY_BYTES)
OWNERS = [COMPANY, person_owner(1), person_owner(2)]


def seal_for_everybody(database: Database) -> dict[str, Sealed]:
    def work(_session: Session, vault: Vault) -> dict[str, Sealed]:
        return {owner: vault.seal(owner, 185000, "terms:1") for owner in OWNERS}

    return database.write("test", work)


def open_all(database: Database, sealed: dict[str, Sealed]) -> list[int]:
    return database.read(lambda _, vault: [vault.open(owner, sealed[owner], "terms:1") for owner in OWNERS])


def with_key(database: Database, key: MasterKey) -> Database:
    return Database(database.url, key)


def test_an_owner_gets_one_key_and_keeps_it(database: Database) -> None:
    sealed = seal_for_everybody(database)
    seal_for_everybody(database)
    assert open_all(database, sealed) == [185000] * 3
    owners = database.read(lambda session, _: session.exec(select(DataKey.owner)).all())
    assert sorted(owners) == sorted(OWNERS)


def test_eight_writers_at_once_agree_on_one_key(database: Database) -> None:
    together = threading.Barrier(8)
    sealed: list[Sealed] = []

    def write() -> None:
        together.wait()
        sealed.append(database.write("test", lambda _, vault: vault.seal(person_owner(7), 185000, "terms:1")))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = database.read(lambda _, vault: [vault.open(person_owner(7), one, "terms:1") for one in sealed])
    assert opened == [185000] * 8


def test_the_wrong_master_key_is_told_at_once_and_changes_nothing(database: Database) -> None:
    sealed = seal_for_everybody(database)
    wrong = with_key(database, MasterKey(os.urandom(KEY_BYTES)))
    with pytest.raises(WrongMasterKey, match="is not the key that this database was sealed with"):
        wrong.read(lambda session, _: data_key.prove_master_key(session, wrong.master))
    with pytest.raises(WrongMasterKey):
        wrong.write("test", lambda _, vault: vault.seal(COMPANY, 1, "x"))
    wrong.dispose()
    assert open_all(database, sealed) == [185000] * 3


def test_the_right_master_key_is_proved(database: Database) -> None:
    def prove() -> bool:
        return database.read(lambda session, _: data_key.prove_master_key(session, database.master))

    assert prove() is False
    seal_for_everybody(database)
    assert prove() is True


def test_a_wrapped_key_that_was_moved_to_another_owner_does_not_open(database: Database) -> None:
    sealed = seal_for_everybody(database)

    def swap(session: Session, _vault: Vault) -> None:
        rows = {row.owner: row for row in session.exec(select(DataKey))}
        rows[person_owner(1)].wrapped = rows[person_owner(2)].wrapped

    database.write("test", swap)
    with pytest.raises(WrongMasterKey):
        open_all(database, sealed)


def test_rotation_rewraps_all_keys_and_loses_nothing(database: Database) -> None:
    sealed = seal_for_everybody(database)
    blinded = database.read(lambda _, vault: vault.blind("person:1"))
    new = MasterKey(os.urandom(KEY_BYTES))
    assert database.write("test", lambda session, _: data_key.rewrap(session, database.master, new)) == 3
    rotated = with_key(database, new)
    assert open_all(rotated, sealed) == [185000] * 3
    assert rotated.read(lambda _, vault: vault.blind("person:1")) == blinded
    marks = rotated.read(lambda session, _: set(session.exec(select(DataKey.master))))
    rotated.dispose()
    assert marks == {new.fingerprint}
    with pytest.raises(WrongMasterKey):
        open_all(database, sealed)


def test_a_rotation_that_is_interrupted_leaves_the_old_key_in_force(fresh_url: Callable[[], str]) -> None:
    def die(point: str) -> None:
        if point == "rotate.before_commit":
            raise KeyboardInterrupt

    database = Database(fresh_url(), MasterKey(bytes(KEY_BYTES)), crash=die)
    sealed = seal_for_everybody(database)
    with pytest.raises(KeyboardInterrupt):
        database.write("rotate", lambda session, _: data_key.rewrap(session, database.master, NEW))
    assert open_all(database, sealed) == [185000] * 3
    database.dispose()


def test_rotation_with_a_wrong_old_key_changes_nothing(database: Database) -> None:
    sealed = seal_for_everybody(database)
    wrong = MasterKey(os.urandom(KEY_BYTES))
    with pytest.raises(SealError):
        database.write("test", lambda session, _: data_key.rewrap(session, wrong, MasterKey(bytes(32))))
    assert open_all(database, sealed) == [185000] * 3


def test_a_forgotten_person_can_never_be_opened_again_and_others_can(database: Database) -> None:
    sealed = seal_for_everybody(database)
    database.write("test", lambda session, _: data_key.forget(session, person_owner(1)))
    database.write("test", lambda session, _: data_key.forget(session, person_owner(99)))
    with pytest.raises(NoDataKey, match="erased"):
        database.write("test", lambda _, vault: vault.open(person_owner(1), sealed[person_owner(1)], "terms:1"))
    others = database.read(lambda _, vault: [vault.open(o, sealed[o], "terms:1") for o in (COMPANY, person_owner(2))])
    assert others == [185000, 185000]


def test_a_read_never_makes_a_key(database: Database) -> None:
    with pytest.raises(NoDataKey):
        database.read(lambda _, vault: vault.blind("person:1"))
    assert database.read(lambda session, _: session.exec(select(DataKey)).all()) == []
