"""Which modules have routes."""

import importlib

from headwater.web.routes import Route

#: Below `headwater.web.api`, in the order of the documentation.
SUBJECTS = (
    "session",
    "users",
    "tokens",
    "audit",
    "settings",
    "flows",
    "runs",
    "runs_head",
    "runs_changes",
    "runs_graph",
    "runs_timeline",
    "runs_times",
    "runs_resources",
    "runs_since",
    "runs_export",
    "tasks",
    "tasks_beside",
    "run_stream",
    "logs",
    "metrics",
    "code",
    "compare",
    "lineage",
    "reports",
    "artifacts",
    "deployments",
    "deployed_versions",
    "deployment_changes",
    "deployment_compare",
    "backfills",
    "schedules",
    "events",
    "alerts",
    "approvals",
    "services",
    "rollouts",
    "predictions",
    "drift",
    "tries",
    "home",
    "changes",
    "remote_ledger",
    "remote_runs",
    "remote_objects",
)


def all_routes() -> tuple[Route, ...]:
    """Give every route of the API."""
    modules = [importlib.import_module(f"headwater.web.api.{name}") for name in SUBJECTS]
    return tuple(route for module in modules for route in module.ROUTES)
