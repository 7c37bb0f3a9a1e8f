import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from headwater.home import open_home

#: Ways to wait for a process are none of the test's own: it fails when this is over.
PATIENCE = 30.0


def a_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_the_daemons_page_comes_back_where_it_was(tmp_path: Path) -> None:
    """Links and open pages hold although other ports are free by now."""
    home = open_home(str(tmp_path / "home"), make=True)
    before = f"http://127.0.0.1:{a_free_port()}"
    home.keep_page_url(before)
    command = [sys.executable, "-P", "-m", "headwater", "ui", "--write", "--home", home.path]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = Path(home.path, "page.address")
        until = time.monotonic() + PATIENCE
        while not address.read_text().startswith(f"{server.pid} "):
            assert server.poll() is None
            assert time.monotonic() < until
            os.sched_yield()
        after = home.page_url()
    finally:
        server.terminate()
        server.wait()
        home.close()

    assert after == before


def test_a_folder_that_is_named_and_has_no_store_is_no_empty_one(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "headwater", "ui", "--home", str(tmp_path / "hoem")]

    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)

    assert done.returncode == 2
    assert f"there is no store at {tmp_path / 'hoem'} yet" in done.stderr
    assert not (tmp_path / "hoem").exists()
