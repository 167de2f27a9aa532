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
CAP_DAC_READ_SEARCH = 2
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Account:
    """A user and group to run as; `uid` None means the one of this process."""

    uid: int | None = None
    gid: int | None = None
    may_pass_folders: bool = False

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def popen_arguments(self) -> dict[str, Any]:
        """Keyword arguments for subprocess that make the child run under this account."""
        if self.uid is None or self.gid is None:
            return {}
        if self.may_pass_folders:
            return {"preexec_fn": self._become_with_capability}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def _become_with_capability(self) -> None:
        """In the child: change to the account and keep the right to pass through folders."""
        assert self.uid is not None and self.gid is not None
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        bit = 1 << CAP_DAC_READ_SEARCH
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        # effective, permitted, inheritable for capabilities 0-31, then the same for 32-63
        data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if libc.capset(header, data) != 0:
            raise OSError(ctypes.get_errno(), "capset")
        if libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def account_for(folders: set[Path]) -> Account:
    """The account for a server that must reach `folders`."""
    if os.geteuid() != 0:
        return Account()
    entry = next(found for name in ACCOUNTS if (found := _lookup(name)))
    blocked = any(not _is_open(folder) for folder in folders)
    return Account(entry.pw_uid, entry.pw_gid, may_pass_folders=blocked)


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _is_open(folder: Path) -> bool:
    """Whether everybody may pass through `folder` and all above it."""
    path = folder.resolve()
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))
