"""Schemathesis reads the generated OpenAPI and tries to break it: no failure, and answers as the document says."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.hosting.clients import clients_python
from tests.hosting.http_scene import HttpHost

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("examples", "cases"), [(8, 500), pytest.param(120, 2000, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
def test_every_endpoint_answers_as_its_document_says(
    kinds_host: HttpHost, tmp_path: Path, examples: int, cases: int
) -> None:
    program = os.path.join(os.path.dirname(clients_python()), "schemathesis")
    options = ["--checks", ",".join(_CHECKS), "--phases", "coverage,fuzzing", "--no-color", "--continue-on-failure"]
    given = ["--max-examples", str(examples), "--generation-database", "none", "--seed", "1", *options]
    command = [program, "run", f"{kinds_host.url}/openapi.json", *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=880, check=False, cwd=tmp_path)
    tried = re.search(r"(\d+) generated, (\d+) passed", done.stdout)

    assert done.returncode == 0, done.stdout[-4000:]
    assert tried is not None
    assert int(tried[1]) == int(tried[2]) >= cases
