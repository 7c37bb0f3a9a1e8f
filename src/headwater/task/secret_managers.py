"""Secrets from the managers of clouds, through their own packages: what these do about sign-in, they do here.

A secret is one value, set as the variable that `env_var_name` (else its own name, in capitals) says; or a JSON object
of variables. `json` tells which; without it, whatever reads as an object is one.
"""

import re
from collections.abc import Callable

from headwater.model.errors import HeadwaterError, NotInstalled, SecretMissing
from headwater.model.secret import SecretSource
from headwater.task.secret_files import object_in_json, renamed


def ask_aws(source: SecretSource) -> dict[str, str]:
    """Ask AWS Secrets Manager for a name or ARN; raises SecretMissing."""
    try:
        import boto3
    except ImportError:
        raise NotInstalled("boto3", "", "a secret of AWS Secrets Manager") from None

    def ask() -> str | bytes:
        session = boto3.session.Session(region_name=source.options.get("region"))
        if source.role is not None:
            assumed = session.client("sts").assume_role(RoleArn=source.role, RoleSessionName="headwater")
            keys = assumed["Credentials"]
            session = boto3.session.Session(
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
                region_name=session.region_name,
            )
        answer = session.client("secretsmanager").get_secret_value(SecretId=source.id)
        value: str | bytes = answer["SecretString"] if "SecretString" in answer else answer["SecretBinary"]
        return value

    # An ARN ends in the name and six random characters.
    own_name = re.sub(r"-[A-Za-z0-9]{6}$", "", source.id.rpartition(":")[2]) if ":" in source.id else source.id
    return _variables(source, _asked(ask), own_name.rpartition("/")[2])


def ask_google(source: SecretSource) -> dict[str, str]:
    """Ask Google Secret Manager for `projects/P/secrets/S[/versions/V]`, else the latest; raises SecretMissing."""
    parts = source.id.split("/")
    if len(parts) not in (4, 6) or parts[0] != "projects" or parts[2] != "secrets":
        raise SecretMissing("it is no name of a secret there", hint="write projects/PROJECT/secrets/NAME")
    try:
        from google.cloud import secretmanager
    except ImportError:
        raise NotInstalled("google-cloud-secret-manager", "", "a secret of Google Secret Manager") from None

    def ask() -> bytes:
        client = secretmanager.SecretManagerServiceClient(credentials=_google_credentials(source.role))
        name = source.id if len(parts) == 6 else f"{source.id}/versions/latest"
        value: bytes = client.access_secret_version(name=name).payload.data
        return value

    return _variables(source, _asked(ask), parts[3])


def ask_azure(source: SecretSource) -> dict[str, str]:
    """Ask Azure Key Vault for `VAULT/NAME` or `https://VAULT.vault.azure.net/secrets/NAME`; raises SecretMissing."""
    matched = re.fullmatch(r"(https://[^/]+)/secrets/([^/]+)(?:/([^/]+))?|([\w-]+)/([^/]+)(?:/([^/]+))?", source.id)
    if matched is None:
        raise SecretMissing("it is no name of a secret there", hint="write VAULT/NAME, or the address of the secret")
    try:
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.secrets import SecretClient
    except ImportError:
        raise NotInstalled("azure-identity azure-keyvault-secrets", "", "a secret of Azure Key Vault") from None
    address = matched[1] or f"https://{matched[4]}.vault.azure.net"
    name, version = matched[2] or matched[5], matched[3] or matched[6]

    def ask() -> str:
        credential = DefaultAzureCredential(managed_identity_client_id=source.role)
        value: str = SecretClient(vault_url=address, credential=credential).get_secret(name, version).value
        return value

    return _variables(source, _asked(ask), name)


def _google_credentials(role: str | None) -> object:
    if role is None:
        return None
    import google.auth
    from google.auth import impersonated_credentials

    source, _ = google.auth.default()
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    return impersonated_credentials.Credentials(source, target_principal=role, target_scopes=scopes)


def _asked(ask: Callable[[], str | bytes]) -> str:
    try:
        value = ask()
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        raise SecretMissing("it is not text") from None
    except HeadwaterError:
        raise
    except Exception as error:
        # Each package has errors of its own; their texts name the secret and the reason, never the value.
        raise SecretMissing(f"the manager does not give it: {type(error).__name__}: {error}") from error


def _variables(source: SecretSource, value: str, own_name: str) -> dict[str, str]:
    is_object = source.options.get("json")
    if is_object == "true" or (is_object is None and value.lstrip().startswith("{")):
        return renamed(object_in_json(value), source)
    return {source.options.get("env_var_name") or re.sub(r"\W", "_", own_name).upper(): value}
