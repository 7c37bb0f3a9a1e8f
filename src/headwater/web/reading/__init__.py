"""Parts of files that may be of any size: logs, metric points, logged predictions."""
