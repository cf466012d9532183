"""Where networks run, and how a batch of pixels becomes their input."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from model.errors import DeviceError
from model.photos.images import Pixels, Preprocessing

# Above 16 a CPU core no longer keeps the pixels between two layers in its caches.
CPU_BATCH = 8
GPU_BATCH = 256


def choose(name: str | None = None) -> torch.device:
    """The named device, or CUDA where there is one, else the CPU."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"There is no device {name!r}; use cpu, cuda or cuda:1.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("There is no CUDA device; use cpu, or install a driver for the GPU.")
    return device


def inference(device: torch.device) -> torch.autocast:
    """Mixed precision on CUDA only: a CPU without native bfloat16 is ten times slower with it."""
    return torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")


def lanes(device: torch.device) -> ThreadPoolExecutor:
    """Threads that work side by side: one per core of a CPU, one for any other device.

    Each uses one core. Letting every operation use all cores instead waits for the slowest at
    the end of each, which halves the speed, and quarters it where other processes run too.
    """
    if device.type == "cpu":
        return ThreadPoolExecutor(
            torch.get_num_threads(), "lane", initializer=torch.set_num_threads, initargs=(1,)
        )
    return ThreadPoolExecutor(1, "lane")


class Normalised(nn.Module):
    """Pixels (n, height, width, 3), 0 to 255 → images (n, 3, height, width), channels-last."""

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        for name in ("mean", "std"):
            # For values 0 to 255, so that the division by 255 costs nothing.
            values = 255 * torch.tensor(getattr(preprocessing, name)).view(1, 3, 1, 1)
            self.register_buffer(name, values, persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        # The pixels of a photo lie together in memory: this view is channels-last as it is.
        images = pixels.to(self.mean.device, non_blocking=True).permute(0, 3, 1, 2).float()
        return images.sub_(self.mean).div_(self.std)


class Network:
    """A function of pixels on one device, fed in batches that shrink when memory runs out.

    forward: (n, 3, height, width), normalised and channels-last → a tensor of n rows; called
    from several threads at once on a CPU. batch: photos at a time per lane; None for what suits
    the device. width: lanes, which is how many batches are under way at once.
    """

    def __init__(
        self,
        forward: Callable[[Tensor], Tensor],
        preprocessing: Preprocessing,
        device: torch.device,
        batch: int | None = None,
    ) -> None:
        self.forward = forward
        self.device = device
        self.batch = batch or (CPU_BATCH if device.type == "cpu" else GPU_BATCH)
        self._lanes = lanes(device)
        self.width = torch.get_num_threads() if device.type == "cpu" else 1
        self._normalised = Normalised(preprocessing).to(device)

    @property
    def step(self) -> int:
        """Photos that keep all lanes busy."""
        return self.batch * self.width

    def __call__(self, pixels: Pixels) -> Tensor:
        """(n, height, width, 3) → n rows of 32-bit floats on the CPU, for any n ≥ 1."""
        batches = (pixels[at : at + self.batch] for at in range(0, len(pixels), self.batch))
        return torch.cat([rows.result() for rows in [self.begin(batch) for batch in batches]])

    def begin(self, pixels: Pixels) -> "Future[Tensor]":
        """The same as calling it, for who goes on meanwhile: the next lane that is free does it."""
        return self._lanes.submit(self._whole, pixels)

    def _whole(self, pixels: Pixels) -> Tensor:
        """In pieces, and in smaller ones each time that memory runs out."""
        while True:
            size = self.batch
            try:
                pieces = range(0, len(pixels), size)
                return torch.cat([self._run(pixels[at : at + size]) for at in pieces])
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
                self._shrink(error, size)

    def _run(self, pixels: Pixels) -> Tensor:
        with torch.inference_mode(), inference(self.device):
            images: Tensor = self._normalised(torch.from_numpy(np.ascontiguousarray(pixels)))
            return self.forward(images).float().cpu()

    def _shrink(self, error: RuntimeError, tried: int) -> None:
        if tried == 1:
            raise DeviceError(
                f"The memory of {self.device} does not hold one photo: {error}. "
                "Free some of it, or use another device."
            ) from error
        # Lanes that fail at once with one size halve it once.
        self.batch = min(self.batch, max(1, tried // 2))
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def _out_of_memory(error: RuntimeError) -> bool:
    """CUDA has a class of its own for it; the CPU's allocator says it in words."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
