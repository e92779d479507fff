"""Ports for servers that a test starts."""
import random
import socket


def free_port():
    """A port of 127.0.0.1 where nobody listens, below those that outgoing connections take. A UDP socket on the same number
    keeps it for this process, as free_port in net.cpp does."""
    for _ in range(1000):
        port = random.randrange(15_000, 32_000)
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                claim.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        claim.detach()  # it stays as long as this process
        return port
    raise OSError("no free port")
