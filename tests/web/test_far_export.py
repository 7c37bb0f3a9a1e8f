"""A run of a server's store as one page, written on another machine."""

from tests.client.history import History, write_log
from tests.remote.machines import Machine
from tests.remote.served import Served
from tests.web.api.test_metrics import log_points


def test_a_run_of_a_server_is_exported_with_its_logs_and_curves(tmp_path):
    served = Served(tmp_path / "server")
    try:
        run = History(served.home).run()
        run.task("start", {"score": 0.5})
        write_log(served.home, run, "start", ["o said on the server"])
        log_points(served.home, run, "start", ["loss"], [(0, 1, 0.5), (0, 2, 0.25)])
        run.finish()
        machine = Machine(tmp_path / "laptop", served.url, served.token())

        machine.do("export", "Churn/1", "--html", "page.html")

        page = (machine.folder / "page.html").read_text()
        assert "said on the server" in page
        assert "<polyline" in page
    finally:
        served.close()
