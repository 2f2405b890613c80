"""Become a plain account and run a piece of Python there: `python plain_account.py PROJECT CODE`, as root.

The account's number is one that nobody else has, so that what it leaves behind can be told from what others leave.
Where interpreter or project lie in a closed home such as /root, they are shown to the plain account at the same place
in a mount namespace of this process's own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main(project: str, code: str) -> None:
    sys.path.insert(0, project)
    from sandboxes import lockdown

    account = 1_000_000 + os.getpid()
    lockdown.unshare(lockdown.CLONE_NEWNS)
    lockdown.mount("none", "/", None, lockdown.MS_REC | lockdown.MS_PRIVATE)
    shown = [path for path in (sys.base_prefix, project) if path.startswith("/root/")]
    stash = Path(tempfile.mkdtemp())
    for number, path in enumerate(shown):
        lockdown.bind(path, str(stash / str(number)), 0)
    if shown:
        lockdown.mount("tmpfs", "/root", "tmpfs", 0, "mode=755,size=1m")
        for number, path in enumerate(shown):
            lockdown.bind(str(stash / str(number)), path, 0)
    stash.chmod(0o755)
    state = tempfile.mkdtemp(prefix="sbx-", dir="/tmp")
    os.chown(state, account, account)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": state,
        "SANDBOXES_STATE_DIR": state,
        "SANDBOXES_SOCKET": f"{state}/service.sock",
        "SECRET_KEY": "secret-of-account-1",
        "PYTHONPATH": project,
    }
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, user=account, group=account, extra_groups=[], check=False)
    for folder in (state, f"/tmp/sandboxes-{account}"):
        shutil.rmtree(folder, ignore_errors=True)
    for number in range(len(shown)):
        lockdown.libc.umount2(bytes(stash / str(number)), lockdown.MNT_DETACH)
        (stash / str(number)).rmdir()
    stash.rmdir()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
