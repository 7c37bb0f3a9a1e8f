"""Connects to a machine that was resolved and looked at, with TLS that checks the name that was written."""

import socket
import ssl

from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.addresses import Destination
from headwater.production.alerts.limits import Deadline


def connect(destination: Destination, deadline: Deadline) -> socket.socket:
    """Connect to the first of the addresses that takes the connection.

    Raises:
        AlertNotDelivered: none does.
        TimeoutError: the time is over.
    """
    reason = ""
    for address in destination.addresses:
        try:
            return socket.create_connection((address, destination.port), timeout=deadline.left())
        except TimeoutError:
            deadline.left()
            reason = "no answer"
        except OSError as error:
            reason = error.strerror or str(error)
    raise AlertNotDelivered(f"{destination.host}:{destination.port} takes no connection: {reason}")


def trust(certificates: str | None) -> ssl.SSLContext:
    """Give what checks certificates: against those in a file, or the system's when it is None."""
    return ssl.create_default_context(cafile=certificates)


def secured(connection: socket.socket, host: str, context: ssl.SSLContext, deadline: Deadline) -> ssl.SSLSocket:
    """Begin TLS; the certificate must be that of the host, whichever address it has.

    Raises:
        AlertNotDelivered: the certificate is not trusted, or TLS does not begin.
        TimeoutError: the time is over.
    """
    connection.settimeout(deadline.left())
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise AlertNotDelivered(f"the certificate of {host} is not trusted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise AlertNotDelivered(f"{host} does not speak TLS: {error.reason or error}") from error
