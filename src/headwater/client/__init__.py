"""Reading what happened: flows, runs, steps, tasks and artifacts, by name, filter, comparison and lineage."""
