"""`due.py COUNT`: deploys copies of a deployment, starts the daemon, and measures what the next minute brings.

`due.py idle SECONDS` measures the daemon while nothing is due. Facts go to the file named by BENCH_OUT.
"""

import json
import os
import subprocess
import sys
import time

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment, record_of
from headwater.home import open_home
from headwater.model.ids import new_ulid
from headwater.model.rows import FiringQuery

MINUTE = 60.0
#: Seconds that the daemon gets to come up before the minute that is measured.
AHEAD = 3.0
PATIENCE = 30.0


def main():
    if sys.argv[1] == "idle":
        with_daemon(lambda: idle(float(sys.argv[2])))
    else:
        count = int(sys.argv[2]) if sys.argv[1] == "launches" else int(sys.argv[1])
        copy_deployments(count - 1)
        measure = launches if sys.argv[1] == "launches" else first_tasks
        with_daemon(lambda: measure(count))


def with_daemon(measure):
    """Measure while a daemon runs; far enough from the next minute to have it up by then."""
    if time.time() % MINUTE > MINUTE - AHEAD - 2:
        time.sleep(AHEAD + 2)
    command = [sys.executable, "-m", "headwater", "up"]
    subprocess.run(command, check=True)
    try:
        measure()
    finally:
        subprocess.run([*command, "--stop"], check=True)


def copy_deployments(count):
    """Deploy it under so many other names."""
    home = open_home()
    aliases = Aliases(home.ledger)
    state = aliases.all()[0]
    deployment = find_deployment(home.ledger, state.name, state.number)
    records = []
    for number in range(count):
        name = f"{state.name}{number}"
        graph = msgspec.structs.replace(deployment.graph, flow=name)
        ulid = new_ulid(time.time(), os.urandom(10))
        copied = msgspec.structs.replace(deployment, name=name, flow=name, id=ulid, graph=graph)
        target = f"{name}@{state.alias}"
        records += [
            record_of(copied),
            aliases.record_after(None, msgspec.structs.replace(state, name=name, target=target, deployment=ulid)),
        ]
    home.ledger.write_records(records)
    home.close()


def launches(count):
    """Seconds from the slot until a run was appended for each of the deployments."""
    home = open_home()
    slot = wait_for_minute()
    arrived = []
    while len(arrived) < count and time.time() < slot + PATIENCE:
        found = len(home.ledger.firings(FiringQuery(since=slot, limit=2 * count)).rows)
        arrived += [time.time() - slot] * (found - len(arrived))
        home.ledger.wait(0.005)
    home.close()
    tell(p50=quantile(arrived, 0.5), p99=quantile(arrived, 0.99), count=len(arrived))


def first_tasks(count):
    """Seconds from the slot until the first task of each of the deployments runs."""
    slot = wait_for_minute()
    while time.time() < slot + PATIENCE:
        with open(os.environ["BENCH_OUT"], "a+") as file:
            file.seek(0)
            began = [json.loads(line)["running_at"] - slot for line in file if "running_at" in line]
            began = [seconds for seconds in began if seconds >= 0]
        if len(began) >= count:
            break
        time.sleep(0.05)
    tell(first=min(began), last=max(began), count=len(began))


def wait_for_minute():
    """Wait until a moment before the next minute, and give that minute."""
    slot = (time.time() // MINUTE + 1) * MINUTE
    time.sleep(max(0.0, slot - time.time() - 0.05))
    return slot


def idle(seconds):
    """Share of a cpu and memory of all processes of the daemon."""
    time.sleep(3)  # they have come up, nothing is due
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and is_ours(pid)]
    began, used = time.monotonic(), sum(map(cpu_seconds, pids))
    time.sleep(seconds)
    share = (sum(map(cpu_seconds, pids)) - used) / (time.monotonic() - began)
    tell(cpu=share, memory=sum(map(memory, pids)) / 1e6, count=len(pids))


def is_ours(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ, open(f"/proc/{pid}/cmdline", "rb") as line:
            home = f"HEADWATER_HOME={os.environ['HEADWATER_HOME']}".encode()
            return b"headwater.production" in line.read() and home in environ.read().split(b"\0")
    except OSError:
        return False


def cpu_seconds(pid):
    """Cpu that a process has used, from the kernel's own clock of its threads (in nanoseconds)."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def memory(pid):
    """Bytes, pages that are shared divided among those who share them."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def tell(**facts):
    with open(os.environ["BENCH_OUT"], "a") as file:
        file.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
