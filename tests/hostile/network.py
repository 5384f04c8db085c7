"""Calls home, over every kind of socket, and names the one that answered."""

import socket


def scores(X):
    worked = []
    for port in (int(target) for target in TARGETS if target.isdigit()):
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                socket.create_connection((address, port), timeout=1).close()
                worked.append(address)
            except OSError:
                pass
    for target in TARGETS:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect("\0" + target)
                worked.append("abstract")
        except OSError:
            pass
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", ("192.0.2.1", 53))
            worked.append("datagram")
    except OSError:
        pass
    for name in ("AF_VSOCK", "AF_NETLINK", "AF_PACKET", "AF_ALG"):
        try:
            socket.socket(getattr(socket, name), socket.SOCK_RAW).close()
            worked.append(name)
        except OSError:
            pass
        try:
            socket.socket(getattr(socket, name), socket.SOCK_STREAM).close()
            worked.append(name)
        except OSError:
            pass
    return " ".join(worked)
