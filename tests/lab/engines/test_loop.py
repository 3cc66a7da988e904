"""The reference engine keeps the contract, so the contract is not one of processes."""

import pytest

from tests.lab.engines.contract import EngineContract, LoopEngine

pytestmark = pytest.mark.usefixtures("one_thread")


class TestLoopEngine(EngineContract):
    @pytest.fixture
    def engine(self):
        return LoopEngine()
