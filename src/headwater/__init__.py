"""Headwater: from an idea in plain Python to a model in production."""

import sys
from importlib import import_module

TYPE_CHECKING = False  # importing `typing` for it would cost 8 ms

__version__ = "0.1.0"

#: Public name -> (module, name there); a module is imported when one of its names is first used.
_PUBLIC = {
    "FlowSpec": ("headwater.flow.spec", "FlowSpec"),
    "step": ("headwater.flow.step", "step"),
    "Parameter": ("headwater.flow.parameter", "Parameter"),
    "JSONType": ("headwater.flow.parameter", "JSONType"),
    "IncludeFile": ("headwater.flow.include_file", "IncludeFile"),
    "retry": ("headwater.flow.decorators", "retry"),
    "catch": ("headwater.flow.decorators", "catch"),
    "timeout": ("headwater.flow.decorators", "timeout"),
    "resources": ("headwater.flow.decorators", "resources"),
    "environment": ("headwater.flow.decorators", "environment"),
    "parallel": ("headwater.flow.decorators", "parallel"),
    "executable": ("headwater.flow.decorators", "executable"),
    "pypi": ("headwater.flow.decorators", "pypi"),
    "conda": ("headwater.flow.decorators", "conda"),
    "uv": ("headwater.flow.decorators", "uv"),
    "secrets": ("headwater.flow.decorators", "secrets"),
    "approval": ("headwater.flow.decorators", "approval"),
    "promote_if": ("headwater.flow.decorators", "promote_if"),
    "batch": ("headwater.flow.decorators", "batch"),
    "kubernetes": ("headwater.flow.decorators", "kubernetes"),
    "card": ("headwater.flow.decorators", "card"),
    "pytorch_parallel": ("headwater.flow.decorators", "pytorch_parallel"),
    "schedule": ("headwater.flow.flow_decorators", "schedule"),
    "project": ("headwater.flow.flow_decorators", "project"),
    "trigger": ("headwater.flow.flow_decorators", "trigger"),
    "trigger_on_finish": ("headwater.flow.flow_decorators", "trigger_on_finish"),
    "exit_hook": ("headwater.flow.flow_decorators", "exit_hook"),
    "run_policy": ("headwater.flow.flow_decorators", "run_policy"),
    "alert": ("headwater.flow.flow_decorators", "alert"),
    "pypi_base": ("headwater.flow.flow_decorators", "pypi_base"),
    "conda_base": ("headwater.flow.flow_decorators", "conda_base"),
    "current": ("headwater.model.current", "current"),
    "Metaflow": ("headwater.client.objects", "Metaflow"),
    "Flow": ("headwater.client.objects", "Flow"),
    "Run": ("headwater.client.objects", "Run"),
    "Step": ("headwater.client.objects", "Step"),
    "Task": ("headwater.client.objects", "Task"),
    "DataArtifact": ("headwater.client.objects", "DataArtifact"),
    "Trigger": ("headwater.client.trigger", "Trigger"),
    "MetaflowEvent": ("headwater.client.trigger", "MetaflowEvent"),
    "namespace": ("headwater.client.session", "namespace"),
    "get_namespace": ("headwater.client.session", "get_namespace"),
    "default_namespace": ("headwater.client.session", "default_namespace"),
    "metadata": ("headwater.client.session", "metadata"),
    "get_metadata": ("headwater.client.session", "get_metadata"),
    "default_metadata": ("headwater.client.session", "default_metadata"),
    "Service": ("headwater.hosting.service", "Service"),
    "ServiceSpec": ("headwater.hosting.spec", "ServiceSpec"),
    "WebServiceSpec": ("headwater.hosting.spec", "WebServiceSpec"),
    "endpoint": ("headwater.hosting.spec", "endpoint"),
    "audit": ("headwater.hosting.spec", "audit"),
    "Batch": ("headwater.hosting.spec", "Batch"),
    "Canary": ("headwater.hosting.spec", "Canary"),
    "RequestRefused": ("headwater.hosting.problems", "RequestRefused"),
    "Runner": ("headwater.runner.runner", "Runner"),
    "Deployer": ("headwater.deployer", "Deployer"),
    "DeployedFlow": ("headwater.deployer", "DeployedFlow"),
    "publish_event": ("headwater.publishing", "publish_event"),
    "HeadwaterError": ("headwater.model.errors", "HeadwaterError"),
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'headwater' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        _explain_hidden_module(error)
        raise
    globals()[name] = found
    return found


def _explain_hidden_module(error: Exception) -> None:
    """Raise a better error when the program hides a module of Python's own, which fails far from the cause."""
    file = getattr(sys.modules["__main__"], "__file__", None) or ""
    name = file.rpartition("/")[2].removesuffix(".py")
    if name in sys.stdlib_module_names:
        raise ImportError(f"{file} hides Python's own module `{name}`: rename it", name=name, path=file) from error


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from headwater.client.objects import DataArtifact, Flow, Metaflow, Run, Step, Task
    from headwater.client.session import (
        default_metadata,
        default_namespace,
        get_metadata,
        get_namespace,
        metadata,
        namespace,
    )
    from headwater.client.trigger import MetaflowEvent, Trigger
    from headwater.deployer import DeployedFlow, Deployer
    from headwater.flow.decorators import (
        approval,
        batch,
        card,
        catch,
        conda,
        environment,
        executable,
        kubernetes,
        parallel,
        promote_if,
        pypi,
        pytorch_parallel,
        resources,
        retry,
        secrets,
        timeout,
        uv,
    )
    from headwater.flow.flow_decorators import (
        alert,
        conda_base,
        exit_hook,
        project,
        pypi_base,
        run_policy,
        schedule,
        trigger,
        trigger_on_finish,
    )
    from headwater.flow.include_file import IncludeFile
    from headwater.flow.parameter import JSONType, Parameter
    from headwater.flow.spec import FlowSpec
    from headwater.flow.step import step
    from headwater.hosting.problems import RequestRefused
    from headwater.hosting.service import Service
    from headwater.hosting.spec import Batch, Canary, ServiceSpec, WebServiceSpec, audit, endpoint
    from headwater.model.current import current
    from headwater.model.errors import HeadwaterError
    from headwater.publishing import publish_event
    from headwater.runner.runner import Runner
