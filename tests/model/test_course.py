import pytest

from model.config import FittingConfig
from model.course import rate


def test_rates_rise_then_fall() -> None:
    cosine = FittingConfig(warm_up=0.1)
    rates = [rate(step, 100, cosine) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == pytest.approx(1)
    assert rates[-1] < 0.01
    step = FittingConfig(warm_up=0, schedule="step")
    assert [rate(at, 100, step) for at in (0, 49, 50, 74, 75, 99)] == [1, 1, 0.1, 0.1, 0.01, 0.01]
    constant = FittingConfig(warm_up=0, schedule="constant")
    assert {rate(at, 100, constant) for at in range(100)} == {1.0}
