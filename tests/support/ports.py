"""Ports on loopback that nobody listens on."""

import socket


def free_port() -> int:
    """Free a moment ago; the kernel hands out the same one again only after many others."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
