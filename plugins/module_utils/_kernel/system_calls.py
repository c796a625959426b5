# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few system calls that tell what a kernel can do: they ask, or ask for something that cannot be. Linux only."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct

SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361}
PROG_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD, PROG_QUERY = 13, 15, 16
ALLOW_MULTI = 2
NO_SUCH_COMMAND = 0x7FFF
# enum bpf_attach_type: the hooks that socket load balancing uses
HOOKS = {10: "connect4", 11: "connect6", 12: "post_bind4", 13: "post_bind6", 14: "sendmsg4", 15: "sendmsg6", 19: "recvmsg4", 20: "recvmsg6", 29: "getpeername4",
         30: "getpeername6"}
PROGRAMS = 64  # more than the kernel lets be attached to one hook of one cgroup

SOCK_DIAG, SOCK_DESTROY, REQUEST_ACK = 4, 21, 5


def _bpf(command, attributes):
    number = SYS_BPF.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"the number of bpf() is not known for {platform.machine()}")
    library = ctypes.CDLL(None, use_errno=True)
    result = library.syscall(ctypes.c_long(number), ctypes.c_int(command), attributes, ctypes.c_uint(len(attributes) if attributes else 0))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def has_bpf():
    """True or False for a kernel with or without bpf(), None if this machine's number of it is not known."""
    if platform.machine() not in SYS_BPF:
        return None
    try:
        _bpf(NO_SUCH_COMMAND, None)
    except OSError as error:
        return error.errno != errno.ENOSYS  # EINVAL or EPERM: it is there
    return True


def programs_of_cgroup(path):
    """The programs attached to a cgroup's socket hooks: id, name, attach_type, multi. Raises OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return [program for hook, name in HOOKS.items() for program in _programs_of_hook(folder, hook, name)]
    finally:
        os.close(folder)


def _programs_of_hook(folder, hook, name):
    ids = (ctypes.c_uint32 * PROGRAMS)()
    # target_fd, attach_type, query_flags, attach_flags, prog_ids, prog_cnt
    attributes = ctypes.create_string_buffer(struct.pack("=IIIIQIxxxx", folder, hook, 0, 0, ctypes.addressof(ids), PROGRAMS), 32)
    try:
        _bpf(PROG_QUERY, attributes)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return []  # an older kernel without this hook
        raise
    flags, count = struct.unpack_from("=I8xI", attributes.raw, 12)
    return [{"id": number, "name": _name(number), "attach_type": name, "multi": bool(flags & ALLOW_MULTI)} for number in ids[:count]]


def _name(number):
    """A program's name, empty if it is gone or may not be read."""
    info = ctypes.create_string_buffer(128)
    try:
        descriptor = _bpf(PROG_GET_FD_BY_ID, ctypes.create_string_buffer(struct.pack("=III", number, 0, 0), 12))
        try:
            _bpf(OBJ_GET_INFO_BY_FD, ctypes.create_string_buffer(struct.pack("=IIQ", descriptor, len(info), ctypes.addressof(info)), 16))
        finally:
            os.close(descriptor)
    except OSError:
        return ""
    return info.raw[64:80].split(b"\0")[0].decode("ascii", "replace")


def has_socket_destroy():
    """Whether the kernel can end UDP sockets of others (INET_DIAG_DESTROY), None if that cannot be told.

    It asks to end a socket that cannot exist: its ports are 0 and its cookie is made up. ENOENT says the kernel looked for it.
    """
    identity = struct.pack(">HH", 0, 0) + bytes(32) + struct.pack("=III", 0, 1, 1)
    request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_UDP, 0, 0, 0xFFFFFFFF) + identity
    message = struct.pack("=IHHII", 16 + len(request), SOCK_DESTROY, REQUEST_ACK, 1, 0) + request
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as channel:
            channel.settimeout(2)
            channel.send(message)
            answer = channel.recv(4096)
    except OSError:
        return None
    if len(answer) < 20:
        return None
    return {errno.ENOENT: True, errno.EOPNOTSUPP: False}.get(-struct.unpack_from("=i", answer, 16)[0])
