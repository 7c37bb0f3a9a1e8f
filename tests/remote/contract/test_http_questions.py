"""What every ledger promises of questions, asked over HTTP."""

from tests.ledger.contract.test_questions_contract import *  # noqa: F403 - the same tests, with the fixtures of this folder
