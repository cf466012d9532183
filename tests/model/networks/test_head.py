import pytest
import torch

from model.networks.head import Dropout, Head


def test_head_is_two_layers_and_one_number() -> None:
    head = Head(5, 3, 0.5).eval()
    features = torch.rand(4, 5)
    weights = dict(head.named_parameters())
    hidden = (features @ weights["0.weight"].T + weights["0.bias"]).clamp(min=0)
    expected = hidden @ weights["3.weight"].T + weights["3.bias"]
    torch.testing.assert_close(head(features), expected[:, 0])


def test_dropout_of_a_generator_is_repeatable_and_keeps_the_mean() -> None:
    dropout = Dropout(0.3)
    ones = torch.ones(200, 500)
    draws = []
    for _ in range(2):
        dropout.generator = torch.Generator().manual_seed(4)
        draws.append(dropout(ones))
    assert torch.equal(*draws)
    assert (draws[0] == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert draws[0].mean().item() == pytest.approx(1, abs=0.01)
    assert torch.equal(dropout.eval()(ones), ones)
