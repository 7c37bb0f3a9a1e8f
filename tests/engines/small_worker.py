"""A worker program whose attempts are tiny functions: what the engines do is seen without the rest of the house."""

import sys

from headwater.engines import zygote
from headwater.engines.attempt_process import serve_attempt
from tests.engines.small_attempts import prepare

if __name__ == "__main__":
    if sys.argv[1] == "zygote":
        zygote.serve(prepare)
    serve_attempt(prepare, sys.argv[2:])
