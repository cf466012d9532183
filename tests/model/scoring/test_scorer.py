from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from torch import Tensor

from model.errors import DeviceError
from model.photos.images import one_view
from model.releases.release import Release
from model.scoring.scorer import Item, Scored, Scorer
from tests.model.conftest import Trained


@pytest.fixture
def files(trained: Trained) -> list[tuple[str, Path]]:
    return [(path.stem, path) for path in sorted(trained.photos.iterdir())[:30]]


def raws(scored: Iterator[Scored]) -> list[list[float]]:
    return [list(photo.raw.values()) for photo in scored if photo.raw is not None]


def plain_loop(release: Release, files: list[tuple[str, Path]]) -> list[list[float]]:
    """One photo and one attribute at a time, with the networks as they were trained."""
    mean, std = (
        torch.tensor(values).view(1, 3, 1, 1)
        for values in (release.preprocessing.mean, release.preprocessing.std)
    )
    outputs = []
    for _, path in files:
        pixels = torch.tensor(one_view(path, release.preprocessing)).permute(0, 3, 1, 2)
        photo = (pixels.float() / 255 - mean) / std
        with torch.inference_mode():
            outputs.append(
                [
                    release.heads[key](release.trunks["shared"](photo)).item()
                    for key in release.attributes
                ]
            )
    return outputs


def test_scores_as_a_plain_loop_does(trained: Trained, files: list[tuple[str, Path]]) -> None:
    scorer = Scorer(trained.release, batch=4)
    assert scorer.attributes == ("safety", "lively")
    scored = list(scorer.score(files))
    assert [photo.id for photo in scored] == [key for key, _ in files]
    assert all(photo.error is None and photo.code is None for photo in scored)
    slow = plain_loop(trained.release, files[:8])
    assert raws(iter(scored))[:8] == [pytest.approx(row, abs=1e-3) for row in slow]


@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (7, 3), (64, 2)])
def test_batches_and_threads_change_no_output(
    trained: Trained, files: list[tuple[str, Path]], batch: int, threads: int
) -> None:
    expected = raws(Scorer(trained.release).score(files))
    got = raws(Scorer(trained.release, batch=batch, threads=threads).score(files))
    assert got == [pytest.approx(row, abs=1e-3) for row in expected]


def open_file(path: Path) -> BinaryIO:
    return path.open("rb")


def test_openers_and_any_hashable_id(trained: Trained, files: list[tuple[str, Path]]) -> None:
    items: list[Item] = [((7, path.name), partial(open_file, path)) for _, path in files[:5]]
    scored = list(Scorer(trained.release).score(items))
    assert [photo.id for photo in scored] == [key for key, _ in items]
    assert raws(iter(scored)) == raws(Scorer(trained.release).score(files[:5]))


def test_unreadable_photos_are_reported_and_the_rest_goes_on(
    trained: Trained, files: list[tuple[str, Path]], tmp_path: Path
) -> None:
    truncated, text = tmp_path / "truncated.jpg", tmp_path / "text.jpg"
    truncated.write_bytes(files[0][1].read_bytes()[:900])
    text.write_text("not a photo")

    def broken() -> BinaryIO:
        raise ConnectionError("the store is away")

    items: list[Item] = [
        ("truncated", truncated),
        *files[:10],
        ("text", text),
        ("gone", tmp_path / "gone.jpg"),
        ("away", broken),
        *files[10:],
    ]
    scored = list(Scorer(trained.release, batch=3).score(items))
    assert [photo.id for photo in scored] == [key for key, _ in items]
    bad = {photo.id: (photo.code, photo.error) for photo in scored if photo.raw is None}
    assert {key: code for key, (code, _) in bad.items()} == {
        "truncated": "unreadable",
        "text": "unreadable",
        "gone": "missing",
        "away": "unreadable",
    }
    assert all(error for _, error in bad.values())
    assert "the store is away" in str(bad["away"][1])
    good = raws(Scorer(trained.release, batch=3).score(files))
    assert raws(iter(scored)) == [pytest.approx(row, abs=1e-3) for row in good]


def test_only_unreadable_photos(trained: Trained, tmp_path: Path) -> None:
    scored = list(Scorer(trained.release).score([("a", tmp_path / "a"), ("b", tmp_path / "b")]))
    assert [(photo.id, photo.raw) for photo in scored] == [("a", None), ("b", None)]
    assert list(Scorer(trained.release).score([])) == []


def test_reads_items_only_as_it_needs_them(trained: Trained, files: list[tuple[str, Path]]) -> None:
    taken = 0

    def endless() -> Iterator[Item]:
        nonlocal taken
        while True:
            taken += 1
            yield taken, files[taken % len(files)][1]

    scorer = Scorer(trained.release, batch=2)
    scored = scorer.score(endless())
    for expected in range(1, 40):
        assert next(scored).id == expected
        # What is handed out comes from a step, with two more decoded ahead of it.
        assert taken <= expected + 4 * 2 * torch.get_num_threads() + 1
    scored.close()  # type: ignore[attr-defined]


class SmallMemory:
    """A device that holds only so many photos at a time."""

    def __init__(self, scorer: Scorer, room: int, error: RuntimeError) -> None:
        self.forward, self.room, self.error = scorer._network.forward, room, error
        scorer._network.forward = self

    def __call__(self, images: Tensor) -> Tensor:
        if len(images) > self.room:
            raise self.error
        return self.forward(images)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
]


@pytest.mark.parametrize("error", ERRORS)
def test_halves_the_batch_when_memory_runs_out(
    trained: Trained, files: list[tuple[str, Path]], error: RuntimeError
) -> None:
    scorer = Scorer(trained.release, batch=16)
    SmallMemory(scorer, 5, error)
    expected = raws(Scorer(trained.release).score(files))
    assert raws(scorer.score(files)) == [pytest.approx(row, abs=1e-3) for row in expected]
    assert scorer.batch == 4


def test_says_when_memory_does_not_hold_one_photo(
    trained: Trained, files: list[tuple[str, Path]]
) -> None:
    scorer = Scorer(trained.release, batch=4)
    SmallMemory(scorer, 0, ERRORS[0])
    with pytest.raises(DeviceError, match="does not hold one photo"):
        list(scorer.score(files))


def test_other_errors_are_not_taken_for_it(trained: Trained, files: list[tuple[str, Path]]) -> None:
    scorer = Scorer(trained.release, batch=4)
    SmallMemory(scorer, 0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        list(scorer.score(files))


def test_a_trunk_runs_once_for_all_its_heads(
    trained: Trained, files: list[tuple[str, Path]]
) -> None:
    scorer = Scorer(trained.release)
    seen = 0
    trunk = scorer._trunks["shared"]

    def count(module: torch.nn.Module, inputs: tuple[Tensor], outputs: Tensor) -> None:
        nonlocal seen
        assert inputs[0].is_contiguous(memory_format=torch.channels_last)
        assert inputs[0].dtype == torch.float32
        seen += len(outputs)

    with trunk.register_forward_hook(count):
        list(scorer.score(files))
    assert seen == len(files)


def test_no_mixed_precision_on_a_cpu(trained: Trained, files: list[tuple[str, Path]]) -> None:
    scorer = Scorer(trained.release, device="cpu")
    kinds = set()
    for layer in scorer._trunks["shared"].modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda _module, _inputs, output: kinds.add(output.dtype))
    list(scorer.score(files[:3]))
    assert kinds == {torch.float32}


def test_refuses_a_device_that_is_not_there(trained: Trained) -> None:
    with pytest.raises(DeviceError, match="no device 'gpu9'"):
        Scorer(trained.release, device="gpu9")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_refuses_cuda_without_cuda(trained: Trained) -> None:
    with pytest.raises(DeviceError, match="no CUDA device"):
        Scorer(trained.release, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_scores_as_the_cpu_does(trained: Trained, files: list[tuple[str, Path]]) -> None:
    on_cpu = raws(Scorer(trained.release, device="cpu").score(files))
    on_cuda = raws(Scorer(trained.release, device="cuda").score(files))
    # Half precision: three digits.
    assert on_cuda == [pytest.approx(row, abs=3e-2) for row in on_cpu]
