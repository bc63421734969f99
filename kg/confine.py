"""What a worker process gives up before it answers: sockets, memory without end, and outliving its parent.

Linux on x86-64 and AArch64 gets all of it; elsewhere what the system has. The guard on queries is the first wall, this
is the second.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

__all__ = ["confine", "die_with_parent", "limit_memory", "no_sockets"]

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2
SIGKILL = 9
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of classic BPF
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 13  # EACCES
X32 = 0x40000000  # calls of the x32 interface carry this bit: none is needed
MACHINES = {  # architecture of the audit header; socket, connect, io_uring_setup
    "x86_64": (0xC000003E, (41, 42, 425)),
    "aarch64": (0xC00000B7, (198, 203, 425)),
}


def confine(memory: int) -> bool:
    """Give up what a worker does not need; `memory` in MiB. Return whether sockets are refused by the system."""
    die_with_parent()
    limit_memory(memory)
    return no_sockets()


def _prctl(*arguments: object) -> bool:
    library = ctypes.CDLL(None, use_errno=True)
    return bool(library.prctl(*arguments) == 0)


def die_with_parent() -> None:
    """Ask the system to end this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def limit_memory(mebibytes: int) -> None:
    """Let no more than that be allocated: an answer that needs more ends this process and not the machine."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = mebibytes << 20
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def no_sockets() -> bool:
    """Refuse socket, connect and io_uring_setup from now on (seccomp); what is open stays open. Cannot be undone."""
    machine = MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    audit, calls = machine
    last = len(calls) + 4  # index of ALLOW; REFUSE comes after it
    program = [(LOAD, 0, 0, 4), (EQUAL, 0, last - 1, audit), (LOAD, 0, 0, 0), (AT_LEAST, last - 3, 0, X32)]
    for index, call in enumerate(calls, len(program)):
        program.append((EQUAL, last - index, 0, call))
    program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    if not _prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0)
