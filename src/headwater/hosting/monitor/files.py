"""Where the monitor keeps its files: `HOME/services/<service>/monitor/`."""

import os

from headwater.model.private_files import make_private_folder, private

#: The page about the live version.
_PAGE = "report.html"


def monitor_folder(home: str, service: str) -> str:
    """Give the folder of what is known of a service's requests."""
    return os.path.join(home, "services", service, "monitor")


def page_path(home: str, service: str, number: int | None = None) -> str:
    """Give the file of the page about a service's requests; with a number, that of a version which is to take over."""
    return os.path.join(monitor_folder(home, service), _PAGE if number is None else f"{number}.html")


def read_report(home: str, service: str) -> bytes | None:
    """Give the page about a service's requests; None before the first one is written."""
    try:
        with open(page_path(home, service), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_whole(path: str, body: bytes) -> None:
    """Write a file of the folder: who reads it gets the old one or the new one."""
    make_private_folder(os.path.dirname(path))
    staged = f"{path}.{os.getpid()}"
    with open(staged, "wb", opener=private) as file:
        file.write(body)
    os.replace(staged, path)
