"""Compares what is asked of a service with what its model learned from, and tells when it became something else."""
