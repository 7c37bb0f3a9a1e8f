"""What is asked of the packages of the clouds, and what is made of their answers; the packages are stood in for."""

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from headwater.flow.secret_sources import read_sources
from headwater.model.errors import SecretMissing
from headwater.task.secret_managers import ask_aws, ask_azure, ask_google

VALUES = {
    "prod/db": json.dumps({"USER": "ann", "token": "hunter2", "PORT": 5432}),
    "api-key": "hunter3",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/api-key-AbCdEf": "hunter4",
    "projects/p/secrets/s/versions/latest": b"hunter5",
    "projects/p/secrets/s/versions/3": b"older",
    "https://team.vault.azure.net db-password None": "hunter6",
    "https://team.vault.azure.net db-password v7": "older",
}


class Refused(Exception):
    pass


class Cloud:
    """Answers as the packages do, and notes who asked."""

    def __init__(self):
        self.asked = []

    def answer(self, name, who):
        self.asked.append((name, who))
        if name not in VALUES:
            raise Refused(f"there is no {name}")
        return VALUES[name]


@pytest.fixture
def cloud(monkeypatch):
    cloud = Cloud()

    def module(name, **contents):
        made = ModuleType(name)
        made.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    class Session:
        def __init__(self, region_name=None, aws_access_key_id="own", **keys):
            self.region_name, self.who = region_name, (aws_access_key_id, region_name)

        def client(self, service):
            if service == "sts":
                return SimpleNamespace(assume_role=self.assume_role)
            return SimpleNamespace(get_secret_value=self.get_secret_value)

        def assume_role(self, RoleArn, RoleSessionName):
            return {"Credentials": {"AccessKeyId": f"as {RoleArn}", "SecretAccessKey": "x", "SessionToken": "y"}}

        def get_secret_value(self, SecretId):
            if SecretId == "binary":
                return {"SecretBinary": b"\xff\xfe"}
            return {"SecretString": cloud.answer(SecretId, self.who)}

    class GoogleClient:
        def __init__(self, credentials=None):
            self.who = credentials

        def access_secret_version(self, name):
            return SimpleNamespace(payload=SimpleNamespace(data=cloud.answer(name, self.who)))

    class AzureClient:
        def __init__(self, vault_url, credential):
            self.vault, self.who = vault_url, credential

        def get_secret(self, name, version=None):
            return SimpleNamespace(value=cloud.answer(f"{self.vault} {name} {version}", self.who))

    boto3 = module("boto3", session=SimpleNamespace(Session=Session))
    assert boto3.session.Session is Session
    impersonated = module(
        "google.auth.impersonated_credentials",
        Credentials=lambda source, target_principal, target_scopes: f"{source} as {target_principal}",
    )
    auth = module("google.auth", default=lambda: ("own", "project"), impersonated_credentials=impersonated)
    manager = module("google.cloud.secretmanager", SecretManagerServiceClient=GoogleClient)
    module("google.cloud", secretmanager=manager)
    module("google", auth=auth)
    module("azure")
    module("azure.identity", DefaultAzureCredential=lambda managed_identity_client_id: managed_identity_client_id)
    module("azure.keyvault")
    module("azure.keyvault.secrets", SecretClient=AzureClient)
    return cloud


def ask(given):
    [source] = read_sources([given])
    return {"aws-secrets-manager": ask_aws, "gcp-secret-manager": ask_google, "az-key-vault": ask_azure}[source.type](
        source
    )


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("aws-secrets-manager.prod/db", {"USER": "ann", "token": "hunter2", "PORT": "5432"}),
        ("aws-secrets-manager.api-key", {"API_KEY": "hunter3"}),
        (
            "aws-secrets-manager.arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/api-key-AbCdEf",
            {"API_KEY": "hunter4"},
        ),
        ("gcp-secret-manager.projects/p/secrets/s", {"S": "hunter5"}),
        ("gcp-secret-manager.projects/p/secrets/s/versions/3", {"S": "older"}),
        ("az-key-vault.team/db-password", {"DB_PASSWORD": "hunter6"}),
        ("az-key-vault.https://team.vault.azure.net/secrets/db-password/v7", {"DB_PASSWORD": "older"}),
        (
            {"type": "aws-secrets-manager", "id": "prod/db", "options": {"token": "API_TOKEN", "region": "eu-west-1"}},
            {"USER": "ann", "API_TOKEN": "hunter2", "PORT": "5432"},
        ),
        (
            {"type": "aws-secrets-manager", "id": "prod/db", "options": {"json": False, "env_var_name": "ALL"}},
            {"ALL": VALUES["prod/db"]},
        ),
    ],
)
def test_an_object_is_its_variables_and_anything_else_is_one(cloud, given, found):
    assert ask(given) == found


@pytest.mark.parametrize(
    ("type_", "id_", "who"),
    [
        ("aws-secrets-manager", "api-key", ("as reader", None)),
        ("gcp-secret-manager", "projects/p/secrets/s", "own as reader"),
        ("az-key-vault", "team/db-password", "reader"),
    ],
)
def test_a_role_is_taken_on_before_the_manager_is_asked(cloud, type_, id_, who):
    ask({"type": type_, "id": id_, "role": "reader"})

    assert [each for _, each in cloud.asked] == [who]


@pytest.mark.parametrize(
    "given", ["aws-secrets-manager.gone", "gcp-secret-manager.projects/p/secrets/gone", "az-key-vault.team/gone"]
)
def test_what_the_manager_does_not_give_is_missing_for_its_reason(cloud, given):
    with pytest.raises(SecretMissing, match=r"the manager does not give it: Refused: there is no .*gone"):
        ask(given)


def test_a_secret_that_is_no_text_is_refused(cloud):
    with pytest.raises(SecretMissing, match="it is not text"):
        ask("aws-secrets-manager.binary")


def test_a_secret_that_should_be_an_object_and_is_none_is_refused_without_its_value(cloud):
    with pytest.raises(SecretMissing) as raised:
        ask({"type": "aws-secrets-manager", "id": "api-key", "options": {"json": True}})

    assert "hunter3" not in str(raised.value)
