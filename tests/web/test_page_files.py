import asyncio
import shutil

from starlette.requests import Request

from headwater.web.page_files import PageFiles


def content_at(page: PageFiles, path: str) -> bytes:
    asked = Request({"type": "http", "method": "GET", "path": path, "headers": []})
    return bytes(asyncio.run(page.answer(asked)).body)


def test_a_page_that_is_built_anew_under_a_running_server_stays_whole(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Headwater</title>")
    (tmp_path / "assets" / "index-a1.js").write_text("run()")
    page = PageFiles(str(tmp_path))

    shutil.rmtree(tmp_path / "assets")

    assert content_at(page, "/assets/index-a1.js") == b"run()"
    assert content_at(page, "/runs/Churn/1") == b"<title>Headwater</title>"
