"""What every ledger promises of streams, asked over HTTP."""

from tests.ledger.contract.test_streams_contract import *  # noqa: F403 - the same tests, with the fixtures of this folder
