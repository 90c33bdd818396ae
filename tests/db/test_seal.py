import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.seal import COMPANY, KEY_BYTES, BadKey, Cipher, MasterKey, Sealed, SealError, Vault, person_owner

KEY = bytes(range(KEY_BYTES))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(value=JSON, bound_to=st.text())
def test_what_was_sealed_opens_again(value: object, bound_to: str) -> None:
    vault = Vault(lambda _owner: Cipher(KEY))
    assert vault.open(COMPANY, vault.seal(COMPANY, value, bound_to), bound_to) == value


def test_the_same_value_never_seals_the_same_way() -> None:
    cipher = Cipher(KEY)
    assert len({cipher.seal(b"185000", "terms:1").ciphertext for _ in range(100)}) == 100


def test_another_key_does_not_open() -> None:
    sealed = Cipher(KEY).seal(b"185000", "terms:1")
    with pytest.raises(SealError):
        Cipher(os.urandom(KEY_BYTES)).open(sealed, "terms:1")


def test_a_ciphertext_that_was_moved_to_another_row_does_not_open() -> None:
    sealed = Cipher(KEY).seal(b"185000", "terms:1")
    with pytest.raises(SealError):
        Cipher(KEY).open(sealed, "terms:2")


@given(data=st.data())
def test_a_ciphertext_that_was_changed_anywhere_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(Cipher(KEY).seal(b"185000", "terms:1").ciphertext)
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealError):
        Cipher(KEY).open(Sealed(bytes(sealed)), "terms:1")


@pytest.mark.parametrize("length", range(34))
def test_a_ciphertext_that_was_cut_does_not_open(length: int) -> None:
    whole = Cipher(KEY).seal(b"185000", "terms:1").ciphertext
    with pytest.raises(SealError):
        Cipher(KEY).open(Sealed(whole[: min(length, len(whole) - 1)]), "terms:1")


def test_nothing_printable_leaves_a_sealed_value_or_a_key() -> None:
    sealed = Cipher(KEY).seal(b"185000", "terms:1")
    printed = [str(sealed), repr(sealed), f"{sealed}", repr([sealed]), repr(Cipher(KEY)), repr(MasterKey(KEY))]
    assert printed[:4] == ["<sealed>", "<sealed>", "<sealed>", "[<sealed>]"]
    assert not any(KEY.hex() in text or repr(KEY) in text for text in printed)
    with pytest.raises(TypeError):
        json.dumps(sealed)


def test_a_blinded_text_is_steady_and_needs_the_key() -> None:
    one, other = Cipher(KEY), Cipher(os.urandom(KEY_BYTES))
    assert one.blind("person:1") == one.blind("person:1") != one.blind("person:2")
    assert one.blind("person:1") != other.blind("person:1")


def test_people_have_owners_of_their_own() -> None:
    keys = {person_owner(1): Cipher(os.urandom(KEY_BYTES)), person_owner(2): Cipher(os.urandom(KEY_BYTES))}
    vault = Vault(keys.get)
    with pytest.raises(SealError):
        vault.open(person_owner(2), vault.seal(person_owner(1), 185000, "terms:1"), "terms:1")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds 0 bytes instead of 32"),
        ("not base64!", "is not base64"),
        (base64.b64encode(b"short").decode(), "holds 5 bytes instead of 32"),
        (base64.b64encode(bytes(33)).decode(), "holds 33 bytes instead of 32"),
    ],
)
def test_a_bad_master_key_is_said_without_being_shown(text: str, sentence: str) -> None:
    with pytest.raises(BadKey, match=sentence) as caught:
        MasterKey.from_base64(text)
    assert "openssl rand -base64 32" in str(caught.value)
    assert not text or text not in str(caught.value)


def test_a_good_master_key_is_read() -> None:
    key = MasterKey.from_base64(base64.b64encode(KEY).decode())
    assert key.fingerprint == MasterKey(KEY).fingerprint != MasterKey(bytes(KEY_BYTES)).fingerprint


def test_the_length_of_a_ciphertext_tells_nothing_of_a_salary() -> None:
    vault = Vault(lambda _owner: Cipher(KEY))
    pays = [
        {"base": base, "bonus": bonus, "equity": None} for base in (0, 99_999 * 10**9, 10**15) for bonus in (None, 1)
    ]
    assert len({len(vault.seal(person_owner(1), pay, "terms:1").ciphertext) for pay in pays}) == 1
    longer = [len(vault.seal(COMPANY, "x" * count, "outbox:1").ciphertext) for count in (130, 254, 255)]
    assert longer == [284, 284, 540]
    assert len(vault.seal(COMPANY, 1, "notice:1", least_bytes=512).ciphertext) == 540
