"""The one loop that all rankers are trained by, whatever stands below their heads."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from model.config import FittingConfig
from model.errors import ConfigError
from model.learning.checkpoint import Keeper, State, read
from model.learning.distributed import Group
from model.learning.journal import Journal
from model.learning.learner import Learner, Pairs, Part, Step

STEPS_A_ROW = 50


@dataclass(frozen=True)
class Epoch:
    """Mean losses of one epoch; the validation loss is that of whole photos, without dropout."""

    train_loss: float
    validation_loss: float


@dataclass
class Course:
    """How far a training has come.

    step: steps done, through all epochs. order, total: of the epoch under way, the order of its
    pairs and the sum of their losses so far. best: weights of the epoch with the lowest
    validation loss.
    """

    best: dict[str, Any]
    total: Tensor
    step: int = 0
    order: Tensor | None = None
    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    finished: bool = False


def run(
    learner: Learner,
    train: Pairs,
    validation: Pairs,
    fitting: FittingConfig,
    *,
    group: Group,
    keeper: Keeper,
    journal: Journal,
    progress: Callable[[int, int], None],
) -> Course:
    """Train by SGD; the module ends with the weights of the lowest validation loss.

    A step takes `batch` · `accumulate` pairs of each process; the gradient is that of their mean
    loss however they are cut into parts. progress: steps done, and of how many. Goes on from
    the state that `keeper` holds, to bitwise the weights of an unbroken run on a CPU.
    """
    training = _Training(learner, train, validation, fitting, group, keeper, journal, progress)
    training.restore()
    while not training.over():
        training.epoch()
    training.finish()
    return training.course


def rate(step: int, steps: int, fitting: FittingConfig) -> float:
    """Share of the learning rate at a step of all steps."""
    warm_up = fitting.warm_up * steps
    if step < warm_up:
        return (step + 1) / (warm_up + 1)
    past = (step - warm_up) / max(steps - warm_up, 1)
    if fitting.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(past, 1)))
    if fitting.schedule == "step":
        return 1.0 if past < 0.5 else 0.1 if past < 0.75 else 0.01
    return 1.0


@dataclass
class _Training:
    learner: Learner
    pairs: Pairs
    validation: Pairs
    fitting: FittingConfig
    group: Group
    keeper: Keeper
    journal: Journal
    progress: Callable[[int, int], None]

    def __post_init__(self) -> None:
        module, device = self.learner.module, self.group.device
        self.size = self.fitting.batch * self.fitting.accumulate * self.group.size
        self.per_epoch = math.ceil(len(self.pairs) / self.size)
        self.steps = self.fitting.epochs * self.per_epoch
        self.parameters = list(module.parameters())
        self.group.follow([*self.parameters, *module.buffers()])
        self.optimizer = torch.optim.SGD(
            _by_decay(module, self.fitting.weight_decay),
            self.fitting.learning_rate,
            momentum=self.fitting.momentum,
        )
        self.mixed = self.fitting.precision == "mixed" and device.type == "cuda"
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.mixed)
        self.course = Course(copy.deepcopy(module.state_dict()), torch.zeros((), device=device))

    def over(self) -> bool:
        course = self.course
        waited = len(course.epochs) - 1 - course.best_epoch
        return len(course.epochs) == self.fitting.epochs or waited >= self.fitting.patience

    def epoch(self) -> None:
        """From where the course stands to the epoch's end."""
        course, number = self.course, len(self.course.epochs)
        if course.order is None:
            course.total = torch.zeros_like(course.total)
            course.order = torch.randperm(
                len(self.pairs), generator=self.learner.generator, device=self.group.device
            )
        self.learner.module.train()
        chosen = torch.split(course.order, self.size)[course.step - number * self.per_epoch :]
        steps = [Step(number, course.step + at, part) for at, part in enumerate(chosen)]
        for step, parts in zip(steps, self.learner.feed(self.pairs, steps), strict=True):
            self._step(step, parts)
            course.step += 1
            self.progress(course.step, self.steps)
            if course.step % STEPS_A_ROW == 0:
                seen = min((course.step - number * self.per_epoch) * self.size, len(self.pairs))
                self._note(number, course.total.item() / seen)
            if self.keeper.due():
                self.keeper.save(self._state())
        self._end_epoch()

    def _step(self, step: Step, parts: list[Part]) -> None:
        if self.group.size > 1:
            # Drawn anew at each step, so that the leading process's state is enough to go on.
            words = [self.fitting.seed, step.number, self.group.rank]
            self.learner.noise.manual_seed(int(np.random.SeedSequence(words).generate_state(1)[0]))
        share = rate(step.number, self.steps, self.fitting)
        for options in self.optimizer.param_groups:
            options["lr"] = self.fitting.learning_rate * share
        self.optimizer.zero_grad()
        total = torch.zeros_like(self.course.total)
        for part in parts:
            with torch.autocast(self.group.device.type, torch.float16, enabled=self.mixed):
                loss = part.loss()
            scaled = self.scaler.scale(loss * (part.pairs / len(step.chosen)))
            scaled.backward()  # type: ignore[no-untyped-call]
            total += loss.detach() * part.pairs
        for parameter in self.parameters:
            if self.group.size > 1 and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self.group.add_up([total, *(p.grad for p in self.parameters if p.grad is not None)])
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.course.total += total

    def _end_epoch(self) -> None:
        course, number = self.course, len(self.course.epochs)
        trained = course.total.item() / len(self.pairs)
        loss = self.group.agree(self.learner.validation_loss(self.validation))
        self._note(number, trained, loss)
        course.epochs.append(Epoch(trained, loss))
        if loss <= course.epochs[course.best_epoch].validation_loss:
            course.best_epoch = number
            course.best = copy.deepcopy(self.learner.module.state_dict())
        course.order = None
        if self.keeper.due():
            self.keeper.save(self._state())

    def _note(self, epoch: int, trained: float, loss: float | None = None) -> None:
        if not math.isfinite(trained if loss is None else trained + loss):
            raise ConfigError(
                f"The loss of {self.journal.fit} is no number any more at step {self.course.step}; "
                "lower learning_rate under [fitting]."
            )
        share = rate(self.course.step - 1, self.steps, self.fitting)
        rate_now = self.fitting.learning_rate * share
        self.journal.add(epoch + 1, self.course.step, rate_now, trained, loss)

    def finish(self) -> None:
        self.learner.module.load_state_dict(self.course.best)
        if not self.course.finished:
            self.course.finished = True
            self.keeper.save(self._state())
        if self.course.step < self.steps:
            self.progress(self.steps, self.steps)

    def _state(self) -> State:
        course = self.course
        state = {
            "epochs": [[epoch.train_loss, epoch.validation_loss] for epoch in course.epochs],
            "best_epoch": course.best_epoch,
            "best": course.best,
            "finished": course.finished,
            "step": course.step,
            "journal": self.journal.rows,
        }
        if course.finished:
            return state
        return {
            **state,
            "order": course.order,
            "total": course.total,
            "module": self.learner.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generator": self.learner.generator.get_state(),
        }

    def restore(self) -> None:
        content = self.group.hand_out(self.keeper.content())
        if content is None:
            self.journal.restore([])
            return
        state = read(content, self.group.device)
        course = self.course
        course.epochs = [Epoch(*losses) for losses in state["epochs"]]
        course.best_epoch, course.best = state["best_epoch"], state["best"]
        course.step, course.finished = state["step"], state["finished"]
        self.journal.restore(state["journal"])
        if not course.finished:
            course.order, course.total = state["order"], state["total"]
            self.learner.module.load_state_dict(state["module"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.scaler.load_state_dict(state["scaler"])
            self.learner.generator.set_state(state["generator"].cpu())


def _by_decay(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Groups of parameters; a tie weight has no reason to be near 1, so it is not decayed."""
    named = [
        (name.endswith("log_tie_weight"), parameter)
        for name, parameter in module.named_parameters()
    ]
    groups = [
        {"params": [one for tie, one in named if not tie], "weight_decay": weight_decay},
        {"params": [one for tie, one in named if tie], "weight_decay": 0.0},
    ]
    return [options for options in groups if options["params"]]
