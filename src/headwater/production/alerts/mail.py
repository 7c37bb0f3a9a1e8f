"""Sends an alert by mail."""

import email.policy
import smtplib
import socket
import ssl
import threading
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.addresses import Destination, find_destination
from headwater.production.alerts.channels import Email
from headwater.production.alerts.connecting import connect, secured, trust
from headwater.production.alerts.limits import Deadline, Limits
from headwater.production.alerts.text import message_id

#: Folding a subject that is not ASCII alters its spaces; lines of mails may have 998 bytes.
_POLICY = email.policy.SMTP.clone(max_line_length=900)


def send_mail(channel: Email, alert: Alert, limits: Limits) -> str:
    """Send an alert to all recipients in one mail, and say who got none.

    Raises:
        AlertNotDelivered: the server refused it, or could not be talked to.
        TimeoutError: the time is over.
    """
    deadline = Deadline(limits.seconds)
    destination = find_destination(
        channel.host, channel.port_used, is_private_allowed=limits.is_private_allowed, ask=limits.ask
    )
    context = None if channel.security == "none" else trust(limits.certificates)
    server = _Server(destination, deadline, context if channel.security == "tls" else None)
    watchdog = threading.Timer(deadline.left(), server.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        refused = _talk(server, channel, alert, context)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        if server.was_cut or deadline.is_over or isinstance(error, TimeoutError):
            raise TimeoutError from error
        raise AlertNotDelivered(_reason(channel, error)) from error
    finally:
        watchdog.cancel()
        server.close()
    return "taken" if not refused else f"taken, but not for {', '.join(sorted(refused))}"


def mail_of(channel: Email, alert: Alert) -> EmailMessage:
    """Write the mail; sending one alert twice gives mails with the same id, of which readers show one."""
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = alert.title
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.recipients)
    mail["Date"] = format_datetime(datetime.fromtimestamp(alert.at, UTC))
    mail["Message-ID"] = f"<{message_id(alert)}@headwater.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{alert.title}\n\n{alert.text}\n", cte="quoted-printable")  # what every server lets through
    return mail


class _Server(smtplib.SMTP):
    """A mail server at the address that was looked at."""

    def __init__(self, destination: Destination, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        #: The time was over.
        self.was_cut = False
        self._destination = destination
        self._deadline = deadline
        self._context = context
        super().__init__(timeout=deadline.left(), local_hostname=_own_name())

    def open(self) -> None:
        """Connect and hear the greeting."""
        self._host = self._destination.host  # the name that TLS asks for
        code, said = self.connect(self._destination.host, self._destination.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)

    def cut(self) -> None:
        """End whatever is going on with the server, from another thread."""
        self.was_cut = True
        if self.sock is not None:
            try:
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
            except OSError:
                self.was_cut = True  # it was closed already

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = connect(self._destination, self._deadline)
        if self._context is not None:
            connection = secured(connection, host, self._context, self._deadline)
        return connection


def _talk(
    server: _Server, channel: Email, alert: Alert, context: ssl.SSLContext | None
) -> dict[str, tuple[int, bytes]]:
    """Hand the mail over, and give the recipients that were refused."""
    server.open()
    if channel.security == "starttls":
        server.starttls(context=context)
    if channel.user:
        server.login(channel.user, channel.password)
    refused = server.send_message(mail_of(channel, alert))
    try:
        server.quit()
    except smtplib.SMTPServerDisconnected:
        return refused  # it has the mail; how it says goodbye does not matter
    return refused


def _reason(channel: Email, error: Exception) -> str:
    server = f"{channel.host}:{channel.port_used}"
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"{server} refused user and password: {_said(error)}"
        case smtplib.SMTPRecipientsRefused():
            return f"{server} refused all recipients"
        case smtplib.SMTPNotSupportedError():
            return f"{server} cannot do what is asked of it: {error}"
        case smtplib.SMTPResponseException():
            return f"{server} refused the mail: {_said(error)}"
        case smtplib.SMTPServerDisconnected():
            return f"{server} closed the connection"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {channel.host} is not trusted: {error.verify_message}"
        case OSError():
            return f"{server} broke off: {error.strerror or error}"
    return f"the mail cannot be written: {error}"


def _said(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


def _own_name() -> str:
    """What to call this machine in the greeting; asks no name server."""
    name = socket.gethostname()
    is_plain = name.isascii() and name.replace("-", "").replace(".", "").isalnum()
    return name if is_plain else "localhost"
