import pytest
import rnncalc.check, tiny_judge


@pytest.fixture(autouse=True)
def judge(monkeypatch):
    monkeypatch.setattr(rnncalc.check, "check", tiny_judge.check)
