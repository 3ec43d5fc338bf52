"""Our signing key: made once, kept secret."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.api.keys import FILE_NAME, new_client_key, public_jwks, save_private, signing_key


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    key = signing_key(tmp_path)
    assert signing_key(tmp_path).as_dict(private=True) == key.as_dict(private=True)
    path = tmp_path / "keys" / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [found.name for found in path.parent.iterdir()] == [FILE_NAME]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: signing_key(tmp_path).kid, range(8)))
    assert len(set(keys)) == 1


def test_registrations_hold_public_halves_only():
    (public,) = public_jwks(new_client_key())["keys"]
    assert "d" not in public
    assert public["crv"] == "P-384"


def test_a_key_is_never_overwritten(tmp_path):
    save_private(tmp_path / "client.json", new_client_key())
    with pytest.raises(FileExistsError):
        save_private(tmp_path / "client.json", new_client_key())
