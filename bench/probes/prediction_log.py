"""`prediction_log.py COUNT`: how many predictions a second the log keeps, from memory into files."""

import json
import os
import sys
import time

from headwater.hosting.prediction_ids import PredictionIds
from headwater.hosting.prediction_log import PredictionLog
from headwater.model.order import CodeSource
from headwater.model.service import ServiceDefinition, ServiceVersion

WARM = 100
REQUEST, ANSWER = b'{"text": "what a wonderful day, I love it"}', b'"positive"'


class Answering:
    """What the log knows of a version's processes."""

    def __init__(self, home):
        definition = ServiceDefinition("Bench", "bench.py", 1, "bench", {})
        self.version = ServiceVersion(definition, CodeSource(home, "bench.py", "bench", "Bench"), home, number=1)


def main():
    count, home = int(sys.argv[1]), os.environ["HEADWATER_HOME"]
    log, answering, ids = PredictionLog(home, time.time), Answering(home), PredictionIds()
    log.start()
    fill(log, answering, ids, WARM)
    wait_until(log, WARM)  # the writer's process is up and has written its first file
    began = time.perf_counter()
    fill(log, answering, ids, count)
    log.stop()
    seconds = time.perf_counter() - began
    assert log.kept == {"Bench": WARM + count}, (log.kept, log.dropped)
    with open(os.environ["BENCH_OUT"], "a") as file:
        file.write(json.dumps({"rate": count / seconds}) + "\n")


def fill(log, answering, ids, count):
    for _ in range(count):
        log.observe(answering, "label", ids.next(), REQUEST, 200, ANSWER, 0.001)


def wait_until(log, count):
    while log.kept.get("Bench", 0) < count:
        time.sleep(0.01)


if __name__ == "__main__":
    main()
