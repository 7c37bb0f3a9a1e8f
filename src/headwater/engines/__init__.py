"""Where a task runs: `inline` in this process, or `local` in one of its own, forked from one that has the module."""
