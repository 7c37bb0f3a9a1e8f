"""Certificates of an authority of our own, and a door that speaks TLS in front of a server."""

import contextlib
import os
import select
import socket
import ssl
import subprocess
import threading

#: Kind -> whom it is for, from when to when it holds, in days from now.
KINDS = {
    "right": ("IP:127.0.0.1", 2),
    "of another name": ("DNS:data.example.org", 2),
    "of another address": ("IP:127.0.0.2", 2),
    "expired": ("IP:127.0.0.1", -1),
}
BY_NOBODY = "by an authority that nobody trusts"


class Certificates:
    """Files of an authority and of those whom it vouches for."""

    def __init__(self, folder):
        self.folder = folder
        #: What clients are told to trust.
        self.trusted = self._authority("trusted")
        self._authority("nobodys")

    def context(self, kind):
        """Give what a server needs that has a certificate of this kind."""
        authority, (name, days) = ("nobodys", KINDS["right"]) if kind == BY_NOBODY else ("trusted", KINDS[kind])
        at = os.path.join(self.folder, kind.replace(" ", "-"))
        with open(f"{at}.ext", "w", encoding="ascii") as file:
            file.write(f"subjectAltName={name}\n")
        _openssl("req", "-new", *_KEY, "-keyout", f"{at}.key", "-out", f"{at}.csr", "-subj", "/CN=127.0.0.1")
        signed_by = ("-CA", self._path(f"{authority}.pem"), "-CAkey", self._path(f"{authority}.key"), "-CAcreateserial")
        more = ("-in", f"{at}.csr", "-out", f"{at}.pem", "-extfile", f"{at}.ext", "-days", str(days))
        _openssl("x509", "-req", *signed_by, *more)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{at}.pem", f"{at}.key")
        return context

    def _authority(self, name):
        path = self._path(f"{name}.pem")
        usage = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        words = ("-subj", f"/CN={name} authority", "-days", "2", *usage)
        _openssl("req", "-x509", *_KEY, "-keyout", self._path(f"{name}.key"), "-out", path, *words)
        return path

    def _path(self, name):
        return os.path.join(self.folder, name)


class Door:
    """Takes TLS on a port, and passes on to a server what comes through; notes all that it was told."""

    def __init__(self, context, upstream=None):
        self._context = context
        self.upstream = upstream
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(connection,), daemon=True).start()

    def _pass(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            with self._context.wrap_socket(connection, server_side=True) as secured:
                if self.upstream is None:
                    self.heard += secured.recv(65536)
                    return
                with socket.create_connection(("127.0.0.1", self.upstream), timeout=10) as server:
                    self._pump(secured, server)

    def _pump(self, secured, server):
        """Pass on what comes from either side, until one of them has ended."""
        while True:
            ready = [secured] if secured.pending() else select.select([secured, server], [], [], 10)[0]
            for each in ready:
                part = each.recv(65536)
                if not part:
                    return
                if each is secured:
                    self.heard += part
                (server if each is secured else secured).sendall(part)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)
