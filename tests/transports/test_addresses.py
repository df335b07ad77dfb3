"""Endpoints' URLs: taken apart, or refused with the reason."""

import pytest

from venuetree.actors.addresses import Address, PlainText, TlsMode, parse_address
from venuetree.protocol.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "address", "authority"),
    [
        ("https://a.test", Address("a.test", 443, TlsMode.VERIFIED, "/"), "a.test"),
        ("wss://a.test:443/ws", Address("a.test", 443, TlsMode.VERIFIED, "/ws"), "a.test"),
        (
            "wss://a.test:9443?x=1",
            Address("a.test", 9443, TlsMode.VERIFIED, "/?x=1"),
            "a.test:9443",
        ),
        ("http://127.0.0.1:80/", Address("127.0.0.1", 80, TlsMode.PLAIN, "/"), "127.0.0.1"),
        ("ws://[::1]:8080/a?b=c", Address("::1", 8080, TlsMode.PLAIN, "/a?b=c"), "[::1]:8080"),
        ("ws://localhost", Address("localhost", 80, TlsMode.PLAIN, "/"), "localhost"),
        ("http://127.8.9.1:1", Address("127.8.9.1", 1, TlsMode.PLAIN, "/"), "127.8.9.1:1"),
    ],
)
def test_a_url_is_taken_apart(url: str, address: Address, authority: str) -> None:
    """Host, port, TLS and target; the authority has the port only where it is not the default."""
    parsed = parse_address(url)

    assert (parsed, parsed.authority) == (address, authority)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a.test", "begins with"),
        ("a.test", "begins with"),
        ("https://", "names no host"),
        ("https://a.test:99999", "cannot be read"),
        ("https://a.test/a b", "space"),
        ("https://key:s3cret@a.test", "user name"),
        ("http://a.test", "without TLS"),
        ("ws://10.0.0.1", "without TLS"),
        ("http://localhost.evil.test", "without TLS"),
        ("http://127.0.0.1.evil.test", "without TLS"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, reason: str) -> None:
    """With the reason, and without what might be secret in it."""
    with pytest.raises(ConfigurationError, match=reason) as caught:
        parse_address(url)

    assert "s3cret" not in str(caught.value)


def test_the_configuration_may_allow_plain_text_anywhere() -> None:
    """`insecure` says that the host knows what it does."""
    assert parse_address("ws://10.0.0.1", plain_text=PlainText.ANYWHERE) == Address(
        "10.0.0.1", 80, TlsMode.PLAIN, "/"
    )
