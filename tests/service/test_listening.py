"""Addresses that can be had, and those that cannot."""

import socket

from service.listening import why_not
from service.quantities import Endpoint


def test_why_an_address_cannot_be_had() -> None:
    assert why_not(Endpoint("127.0.0.1", 0)) is None
    assert "cannot be bound" in str(why_not(Endpoint("192.0.2.1", 0)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert why_not(Endpoint("127.0.0.1", taken.getsockname()[1])) == "is in use by another program"
