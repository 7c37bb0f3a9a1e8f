"""What every ledger promises of launches, asked over HTTP."""

from tests.ledger.contract.test_launches_contract import *  # noqa: F403 - the same tests, with the fixtures of this folder
