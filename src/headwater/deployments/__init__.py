"""Immutable packages of flows, the aliases that name them, who may move these, and the runs that they start."""
