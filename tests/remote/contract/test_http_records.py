"""What every ledger promises of records, asked over HTTP."""

from tests.ledger.contract.test_records_contract import *  # noqa: F403 - the same tests, with the fixtures of this folder
