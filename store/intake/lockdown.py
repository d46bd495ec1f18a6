"""Takes rights away from the current process: network, new programs, memory, time, file sizes.

The filter is a seccomp-BPF program (Linux, x86_64 and aarch64) loaded through prctl; it stays for the rest of the
process's life and cannot be lifted. Call numbers are those of the kernel's tables.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import N_
from store.errors import IntakeError

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_CLONE_THREAD = 0x00010000

# BPF: load a 32-bit word of seccomp_data, jump if equal / greater or equal / any bit set, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16

# AUDIT_ARCH value; numbers of the refused calls; number of clone, clone3.
# Refused: socket, socketpair, connect, bind, listen, execve, execveat, ptrace, process_vm_readv, process_vm_writev,
# bpf, io_uring_setup, io_uring_enter, io_uring_register, unshare, setns, mount, keyctl; on x86_64 fork and vfork too.
_TABLES = {
    "x86_64": (
        0xC000003E,
        (41, 53, 42, 49, 50, 59, 322, 101, 310, 311, 321, 425, 426, 427, 272, 308, 165, 250, 57, 58),
        56,
        435,
    ),
    "aarch64": (
        0xC00000B7,
        (198, 199, 203, 200, 201, 221, 281, 117, 270, 271, 280, 425, 426, 427, 97, 268, 40, 219),
        220,
        435,
    ),
}


_LIMITED: list[bool] = []  # not empty in a process that `limit` was called in: it reads a file and ends


def _program(machine: str) -> bytes:
    """Return the filter for `machine` as an array of struct sock_filter."""
    arch, refused, clone, clone3 = _TABLES[machine]

    def op(code: int, operand: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("<HBBI", code, yes, no, operand)

    lines = [op(_LOAD, _ARCH_AT), op(_EQUAL, arch, 1, 0), op(_RETURN, _KILL), op(_LOAD, _NUMBER_AT)]
    if machine == "x86_64":  # the x32 table starts here
        lines += [op(_AT_LEAST, 0x40000000, 0, 1), op(_RETURN, _ERRNO | errno.EPERM)]
    for number in refused:
        lines += [op(_EQUAL, number, 0, 1), op(_RETURN, _ERRNO | errno.EACCES)]
    # clone3 hides its flags behind a pointer; without it the C library takes clone.
    lines += [op(_EQUAL, clone3, 0, 1), op(_RETURN, _ERRNO | errno.ENOSYS)]
    # clone: threads only.
    lines += [
        op(_EQUAL, clone, 0, 3),
        op(_LOAD, _FIRST_ARGUMENT_AT),
        op(_ANY_BIT, _CLONE_THREAD, 1, 0),
        op(_RETURN, _ERRNO | errno.EACCES),
        op(_RETURN, _ALLOW),
    ]
    return b"".join(lines)


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_char_p)]


def _prctl(option: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    padded = [argument if not isinstance(argument, int) else ctypes.c_ulong(argument) for argument in arguments]
    padded += [ctypes.c_ulong(0)] * (4 - len(padded))
    return int(library.prctl(ctypes.c_int(option), *padded))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; end at once if that already happened."""
    _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)


def limit(memory_bytes: int, cpu_s: int, file_bytes: int, open_files: int = 256) -> None:
    """Set the resource limits: address space, processor seconds, size of a file, open files, no core dump."""
    for kind, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 5),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_NOFILE, open_files, open_files),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(kind, (soft, hard))
    _LIMITED.append(True)


def limited() -> bool:
    """Return whether `limit` was called: this process reads a file and ends."""
    return bool(_LIMITED)


@contextmanager
def memory_for(more_bytes: int) -> Iterator[None]:
    """Let the block take only so much address space beyond what there is; nothing where `limit` was not called.

    What a file says of itself is known then: one that takes much more has lied.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if not limited():
        yield
        return
    now = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    lower = now + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (lower if soft == resource.RLIM_INFINITY else min(soft, lower), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def forbid_network() -> str:
    """Take network and new programs away for good; return how: "seccomp" or "namespace".

    Raises
    ------
    IntakeError
        The kernel grants neither: nothing is read then.
    """
    machine = platform.machine()
    if machine in _TABLES:
        program = _program(machine)
        holder = _Filter(len(program) // 8, program)
        if (
            _prctl(_PR_SET_NO_NEW_PRIVS, 1) == 0
            and _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(holder)) == 0
        ):
            return "seccomp"
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        return "namespace"
    raise IntakeError(
        N_("This system cannot keep the process that reads files off the network, so no file is read."),
        N_("Run on a Linux kernel with seccomp filters, or allow user namespaces."),
    )
