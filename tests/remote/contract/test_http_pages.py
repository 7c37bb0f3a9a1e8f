"""What every ledger promises of pages, asked over HTTP."""

from tests.ledger.contract.test_pages_contract import *  # noqa: F403 - the same tests, with the fixtures of this folder
