"""Metaflow: what is not a flow; its flows are ours with the import line changed."""

import sys


def client(path):
    from metaflow import Run, namespace

    namespace(None)
    assert sum(task.data.x for task in Run(path)["work"]) >= 0


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
