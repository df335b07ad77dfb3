"""URLs of endpoints, taken apart once and checked before anything is sent."""

from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlsplit

from attrs import frozen

from venuetree.protocol.errors import ConfigurationError

__all__ = ["Address", "PlainText", "TlsMode", "parse_address"]


class TlsMode(Enum):
    """Whether a connection is encrypted; when it is, the certificate is always verified."""

    PLAIN = "plain"
    VERIFIED = "verified"


class PlainText(Enum):
    """Where connections without TLS are allowed."""

    LOOPBACK_ONLY = "loopback_only"
    #: The configuration says `insecure`: keys then travel in the clear.
    ANYWHERE = "anywhere"


@frozen
class Address:
    """Where to connect, and what to ask for there.

    Attributes:
        target: path with query, as in the request line; `/` at least.
    """

    host: str
    port: int
    tls: TlsMode
    target: str = "/"

    @property
    def authority(self) -> str:
        """The `Host` header: with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.tls is TlsMode.VERIFIED else 80
        return host if self.port == default else f"{host}:{self.port}"


SCHEMES = {
    "http": TlsMode.PLAIN,
    "ws": TlsMode.PLAIN,
    "https": TlsMode.VERIFIED,
    "wss": TlsMode.VERIFIED,
}


def parse_address(
    url: str, *, plain_text: PlainText = PlainText.LOOPBACK_ONLY, exchange: str = ""
) -> Address:
    """The parts of an endpoint's URL.

    Raises:
        ConfigurationError: it is no such URL, or would send keys in the clear to another machine.
    """

    def refuse(reason: str) -> ConfigurationError:
        return ConfigurationError(reason, exchange=exchange, operation="connect")

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        message = "an endpoint's URL cannot be read"
        raise refuse(message) from error
    tls = SCHEMES.get(parts.scheme)
    if tls is None:
        found = f"not {parts.scheme}" if parts.scheme else "and this one does not"
        message = f"an endpoint's URL begins with http://, https://, ws:// or wss://, {found}"
        raise refuse(message)
    host = parts.hostname
    if not host or any(character <= " " or character == "\x7f" for character in url):
        message = "an endpoint's URL names no host, or has a space or control character in it"
        raise refuse(message)
    if parts.username is not None or parts.password is not None:
        message = "an endpoint's URL holds a user name or password; use the credentials for that"
        raise refuse(message)
    if tls is TlsMode.PLAIN and plain_text is PlainText.LOOPBACK_ONLY and not is_loopback(host):
        message = (
            f"{host} would be spoken to without TLS, which only loopback hosts may be:"
            " write https or wss, or allow it (`--insecure`, `PlainText.ANYWHERE`)"
        )
        raise refuse(message)
    path = parts.path or "/"
    return Address(
        host=host,
        port=port or (443 if tls is TlsMode.VERIFIED else 80),
        tls=tls,
        target=f"{path}?{parts.query}" if parts.query else path,
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address, without resolving it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
