import pickle
from pathlib import Path

import pytest
import torch

from model.errors import ReleaseError
from model.learning import checkpoint
from model.learning.checkpoint import Keeper, folder_of, read, workplace

CPU = torch.device("cpu")


def test_keeps_tensors_numbers_and_texts(tmp_path: Path) -> None:
    state = {
        "weights": {"a": torch.randn(3, 4)},
        "generator": torch.Generator().manual_seed(7).get_state(),
        "rows": [("safety", 1, 0.1, None)],
    }
    keeper = Keeper(tmp_path / "x.state", 0)
    assert keeper.content() is None
    keeper.save(state)
    content = keeper.content()
    assert content is not None
    again = read(content, CPU)
    assert torch.equal(again["weights"]["a"], state["weights"]["a"])  # type: ignore[index]
    assert torch.equal(again["generator"], state["generator"])  # type: ignore[arg-type]
    assert again["rows"] == state["rows"]
    assert [path.name for path in tmp_path.iterdir()] == ["x.state"]


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("run-by-unpickling"),)


def test_never_runs_what_a_state_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"step": Evil()}, tmp_path / "evil.state")
    whole = (tmp_path / "evil.state").read_bytes()
    for content in (whole, pickle.dumps(Evil()), whole[:-100], b"", b"nothing"):
        with pytest.raises(ReleaseError, match="delete the folder"):
            read(content, CPU)
    assert not Path("run-by-unpickling").exists()


def test_a_write_that_fails_leaves_the_state_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(tmp_path / "x.state", 0)
    keeper.save({"step": 1})

    def torn(state: object, file: object) -> None:
        file.write(b"half of it")  # type: ignore[attr-defined]
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(OSError, match="no space"):
        keeper.save({"step": 2})
    monkeypatch.undo()
    content = keeper.content()
    assert content is not None
    assert read(content, CPU) == {"step": 1}


def test_is_due_after_so_many_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("model.learning.checkpoint.time.monotonic", lambda: now)
    keeper, each_step = Keeper(tmp_path / "x.state", 30), Keeper(tmp_path / "y.state", 0)
    assert not keeper.due()
    assert each_step.due()
    assert not Keeper(None, 0).due()
    now = 130.0
    assert keeper.due()
    keeper.save({})
    each_step.save({})
    assert not keeper.due()
    assert each_step.due()
    now = 160.0
    assert keeper.due()


def test_the_workplace_is_of_one_training(tmp_path: Path) -> None:
    out, told = tmp_path / "release", list[str]()
    with workplace(out, "one", True, told.append) as folder:
        assert folder == folder_of(out)
        (folder / "safety.state").write_text("state")
        with (
            pytest.raises(ReleaseError, match="Another process is training"),
            workplace(out, "one", True, told.append),
        ):
            pass
    assert told == []
    with workplace(out, "one", True, told.append) as folder:
        assert folder is not None
        assert (folder / "safety.state").exists()
    assert told.pop().startswith("Going on from")
    with workplace(out, "other", True, told.append) as folder:
        assert folder is not None
        assert not (folder / "safety.state").exists()
    assert "had another configuration" in told.pop()
    with workplace(out, "other", True, told.append):
        checkpoint.clear(out)
    assert list(tmp_path.iterdir()) == []
    with workplace(out, "other", False, told.append) as nowhere:
        assert nowhere is None
    assert list(tmp_path.iterdir()) == []


def test_the_key_depends_on_every_part() -> None:
    parts = {"config": {"epochs": 3}, "votes": "a", "photos": "b"}
    keys = {checkpoint.key_of(parts)}
    keys |= {checkpoint.key_of({**parts, name: "other"}) for name in parts}
    assert len(keys) == 4
    assert checkpoint.key_of(dict(reversed(parts.items()))) in keys
