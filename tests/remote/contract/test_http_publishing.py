"""What every ledger promises of publishing, asked over HTTP."""

from tests.ledger.contract.test_publishing_contract import *  # noqa: F403 - the same tests, with the fixtures of this folder
