"""Python imports this at start-up when this folder is on PYTHONPATH.

So kernels, servers and workers that tests start are cut off from the network as tests are: only 127.0.0.0/8
and sockets of the file system answer.
"""

import socket
from ipaddress import ip_address
from typing import Any


class NetworkBlockedError(OSError):
    """A test, or a program it started, asked for an address outside 127.0.0.0/8."""


def allowed(host: Any) -> bool:
    """Whether a host is this machine: None, "", "localhost" or an address in 127.0.0.0/8."""
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost", "0.0.0.0", socket.gethostname()):
        return True
    try:
        address = ip_address(str(host))
    except ValueError:
        return False
    return address.version == 4 and address.is_loopback


def _refuse(host: Any) -> NetworkBlockedError:
    return NetworkBlockedError(f"the tests block the network: {host!r} is not in 127.0.0.0/8")


def block() -> None:
    """Refuse connections and look-ups of other machines in this process, from now on."""
    if getattr(socket, "timesen_blocked", False):
        return
    real_lookup = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not allowed(host):
            raise _refuse(host)
        return real_lookup(host, *args, **kwargs)

    def guarded(name: str) -> Any:
        real = getattr(socket.socket, name)

        def call(self: socket.socket, *args: Any) -> Any:
            address = args[-1]  # sendto has it last, the others have nothing else
            if self.family in (socket.AF_INET, socket.AF_INET6) and not allowed(address[0]):
                raise _refuse(address[0])
            return real(self, *args)

        return call

    socket.getaddrinfo = getaddrinfo
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, guarded(name))
    socket.timesen_blocked = True  # type: ignore[attr-defined]


block()
