"""The lock of a run folder, where the file system has none; test_run.py has the rest."""

import errno
import logging

import pytest

from dlkit.train import lock


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(tmp_path, monkeypatch, caplog, code):
    def refuse(*args):
        raise OSError(code, "no locks here")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with caplog.at_level(logging.WARNING):
        held = lock.acquire(tmp_path)
    assert caplog.text.count("cannot be locked") == 1
    assert not held.is_released and not lock.is_held(tmp_path)


def test_a_lock_that_fails_for_another_reason_is_told(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(errno.EIO, "a broken disk")

    monkeypatch.setattr(lock.fcntl, "flock", fail)
    with pytest.raises(OSError, match="a broken disk"):
        lock.acquire(tmp_path)
