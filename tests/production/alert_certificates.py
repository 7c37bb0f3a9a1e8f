"""A certificate for a made-up name, made by openssl."""

import ssl
import subprocess
from typing import NamedTuple

#: The name that the certificate is for; nothing resolves it.
NAME = "hooks.test"


class Certificate(NamedTuple):
    """Who trusts the file at `path` trusts the server that has `context`."""

    path: str
    context: ssl.SSLContext


def make_certificate(folder):
    path, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run([*words, *names, "-keyout", key, "-out", path], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return Certificate(path, context)
