"""Which account PostgreSQL runs under: it refuses to be root.

Started by root, the server runs as an unprivileged account. Where that account could not enter the
folders above the data (a home with mode 0700), the process keeps one capability, to pass through
and read folders; no mode of any folder is changed and no account is created.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNTS = ("postgres", "nobody")
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAPBSET_READ = 23
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """A user and group to run as; `uid` None means the one of this process."""

    uid: int | None = None
    gid: int | None = None
    may_pass_folders: bool = False

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def popen_arguments(self) -> dict[str, Any]:
        """Keyword arguments for subprocess that make the child run under this account."""
        if self.uid is None or self.gid is None:
            return {}
        if self.may_pass_folders:
            return {"preexec_fn": self._become_with_capability}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def _become_with_capability(self) -> None:
        """In the child: change to the account and keep the right to pass through folders."""
        assert self.uid is not None
        assert self.gid is not None
        # The wider one only where a container took the narrow one away.
        capability = next(
            (number for number in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if _may_keep(number)),
            CAP_DAC_READ_SEARCH,
        )
        _libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        bit = 1 << capability
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        # effective, permitted, inheritable for capabilities 0-31, then the same for 32-63
        data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if _libc.capset(header, data) != 0:
            raise OSError(ctypes.get_errno(), "capset")
        if _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def account_for(folders: set[Path], data: Path) -> Account:
    """The account for a server that must reach `folders` and owns `data`."""
    if os.geteuid() != 0:
        return Account()
    uid, gid = _owner(data)
    blocked = any(not _is_open(folder) for folder in folders)
    return Account(uid, gid, may_pass_folders=blocked)


def die_with_parent(number: int) -> None:
    """In a child: get signal `number` when the process that started this one is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def _owner(data: Path) -> tuple[int, int]:
    """User and group of `data` where it exists, else of the first account found."""
    if data.exists():
        found = data.stat()
        if found.st_uid != 0:
            return found.st_uid, found.st_gid
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    return 65534, 65534


def _may_keep(capability: int) -> bool:
    return bool(_libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)


def _is_open(folder: Path) -> bool:
    """Whether everybody may pass through `folder` and all above it."""
    path = folder.resolve()
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))
