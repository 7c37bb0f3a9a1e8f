from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.flow_files import FlowFiles, imports_undone


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowFiles]:
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    with imports_undone():
        yield FlowFiles(tmp_path)
