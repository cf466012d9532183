"""One training on several processes, as torchrun starts them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as dist

from model import device as devices

# Gradients travel in parts of this size: large enough to use the line, small beside the weights.
PART_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Group:
    """The processes that train together; one alone is a group too.

    All of them do the same steps in the same order, each on its share of the pairs, so each
    method must be called by all.
    """

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process keeps states, writes the release and talks."""
        return self.rank == 0

    def share(self, items: Tensor) -> Tensor:
        """This process's part of the rows."""
        return items[self.rank :: self.size]

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each by its sum over the processes.

        Summed once a step and not, as DistributedDataParallel does, in each backward pass: so
        a step may have any number of parts, or none in a process at the short end of an epoch.
        """
        if self.size == 1:
            return
        works, parts = [], list(_parts(tensors))
        flats = [torch.cat([tensor.reshape(-1) for tensor in part]) for part in parts]
        for flat in flats:
            works.append(dist.all_reduce(flat, async_op=True))
        for work, flat, part in zip(works, flats, parts, strict=True):
            work.wait()
            sums = torch.split(flat, [tensor.numel() for tensor in part])
            for tensor, values in zip(part, sums, strict=True):
                tensor.copy_(values.view_as(tensor))

    def follow(self, tensors: Sequence[Tensor]) -> None:
        """Replace each by that of the leading process."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor.detach(), 0)

    def agree(self, value: float) -> float:
        """The leading process's value, so that all decide alike."""
        told = torch.tensor(value, dtype=torch.float64, device=self.device)
        self.follow([told])
        return told.item()

    def hand_out(self, content: bytes | None) -> bytes | None:
        """What the leading process holds; a state is read by it alone."""
        if self.size == 1:
            return content
        length = int(self.agree(-1 if content is None else len(content)))
        if length < 0:
            return None
        told = torch.zeros(length, dtype=torch.uint8, device=self.device)
        if self.leads and content:
            told.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        self.follow([told])
        return told.cpu().numpy().tobytes()


@contextmanager
def joined() -> Iterator[Group]:
    """The group that torchrun's environment names, or this process alone.

    On CUDA each process gets the device of its local rank and talks through NCCL, else through
    gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in os.environ:
        yield Group(devices.choose())
        return
    device = devices.choose()
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Group(device, dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def _parts(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Runs of tensors of one kind that fit into one message."""
    part: list[Tensor] = []
    for tensor in tensors:
        kind = (tensor.dtype, tensor.device)
        held = sum(one.nbytes for one in part)
        if part and (kind != (part[0].dtype, part[0].device) or held + tensor.nbytes > PART_BYTES):
            yield part
            part = []
        part.append(tensor)
    if part:
        yield part
