"""What the steps of every shape call: the behaviour that the environment names."""

import os
from importlib import import_module


def act(flow, inputs=None):
    """Let the behaviour act in this step; `inputs` are those of a join."""
    behaviour = import_module("tests.flows.behaviours").BEHAVIOURS[os.environ["BEHAVIOUR"]]
    behaviour.act(flow, inputs)
