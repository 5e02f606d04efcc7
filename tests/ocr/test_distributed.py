"""Two training processes, joined by gloo on this computer, against one with the same batches a step."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("accelerate", reason="the training extra is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="the training extra is not installed")

from ocr.config import TrainConfig, load_config  # noqa: E402
from ocr.data.series import SeriesSampler, Share  # noqa: E402
from ocr.distributed import join_processes  # noqa: E402
from ocr.errors import UsageError  # noqa: E402
from ocr.train import train  # noqa: E402

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import kill_resume  # noqa: E402

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here, which Windows cannot")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def train_as_two(config: TrainConfig, output: Path, resume: bool = False, initial: Path | None = None) -> None:
    """What ``torchrun --nproc_per_node=2 -m ocr train`` does, without the seconds that importing torch again takes."""
    port, children = free_port(), []
    for rank in (0, 1):
        child = os.fork()
        if child == 0:
            os.environ.update(
                RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2",
                MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), ACCELERATE_USE_CPU="true",
            )  # fmt: skip
            try:
                train(config, output, resume=resume, initial=initial)
            except BaseException:
                os.write(2, traceback.format_exc().encode())
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]


def config_of(folder: Path, *overrides: str, initial: Path | None = None) -> TrainConfig:
    sets = f"[{folder}]"
    given = [*kill_resume.SETTINGS, f"data.train={sets}", f"data.val={sets}", "loop.steps=50", "loop.evaluate_every=50"]
    return load_config(None, [*given, "data.workers=0", "data.line_pixels=512", *overrides], initial)


def final_state(output: Path) -> dict[str, Any]:
    state: dict[str, Any] = safetensors.load_file(sorted(output.glob("checkpoint-*"))[-1] / "state.safetensors")
    return state


def assert_same(one: Path, two: Path) -> None:
    """The same weights, statistics of batch normalisation, averages and moments of the optimizer."""
    first, second = final_state(one), final_state(two)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.allclose(tensor, second[name], rtol=1e-4, atol=1e-5), name


@forking
@pytest.mark.parametrize(
    ("parts", "steps"), [("[recognizer]", 50), ("[detector,recognizer]", 4)], ids=["recognizer", "both"]
)
def test_two_processes_reach_the_weights_of_one(tmp_path: Path, parts: str, steps: int) -> None:
    data = kill_resume.draw_set(tmp_path / "set")
    given = (f"parts={parts}", f"loop.steps={steps}")
    train_as_two(config_of(data, *given), tmp_path / "two")
    # as many lanes of lines as the two processes have, and as many batches a step
    train(config_of(data, *given, "data.workers=2", "loop.accumulate=2"), tmp_path / "one")
    assert_same(tmp_path / "one", tmp_path / "two")
    best = [safetensors.load_file(tmp_path / run / "best/weights.safetensors") for run in ("one", "two")]
    assert best[0].keys() == best[1].keys()


@pytest.mark.slow
@forking
def test_shards_reach_the_same_weights_and_resume(tmp_path: Path) -> None:
    data = kill_resume.draw_set(tmp_path / "set")
    given = ("parts=[recognizer]", "loop.evaluate_every=3")
    train_as_two(config_of(data, *given, "loop.steps=3", "loop.distributed=fsdp"), tmp_path / "two")
    train_as_two(config_of(data, *given, "loop.steps=8", "loop.distributed=fsdp"), tmp_path / "two", resume=True)
    train(config_of(data, *given, "loop.steps=3", "data.workers=2", "loop.accumulate=2"), tmp_path / "one")
    whole = config_of(data, *given, "loop.steps=8", "data.workers=2", "loop.accumulate=2")
    train(whole, tmp_path / "one", resume=True)
    assert_same(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
@forking
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_adapters_train_in_two_processes(tmp_path: Path, kind: str) -> None:
    data = kill_resume.draw_set(tmp_path / "set")
    train(config_of(data, "parts=[recognizer]", "loop.steps=1"), tmp_path / "base")
    base = tmp_path / "base" / "best"
    given = ("parts=[recognizer]", "loop.steps=3", "adapt.method=lora", "adapt.rank=2", "data.replay=0")
    two = config_of(data, *given, f"loop.distributed={kind}", initial=base)
    train_as_two(two, tmp_path / "two", initial=base)
    one = config_of(data, *given, "data.workers=2", "loop.accumulate=2", initial=base)
    train(one, tmp_path / "one", initial=base)
    assert_same(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two" / "report.json").exists()  # of the forgetting guard
    adapters = [safetensors.load_file(tmp_path / run / "best/adapter_model.safetensors") for run in ("one", "two")]
    assert all(torch.allclose(tensor, adapters[1][name], atol=1e-3) for name, tensor in adapters[0].items())


@forking
@pytest.mark.parametrize("kind", ["ddp", pytest.param("fsdp", marks=pytest.mark.slow)])
def test_a_student_learns_from_its_teacher_in_two_processes(tmp_path: Path, kind: str) -> None:
    data = kill_resume.draw_set(tmp_path / "set")
    train(config_of(data, "parts=[recognizer]", "loop.steps=1"), tmp_path / "teacher")
    student = ("parts=[recognizer]", "loop.steps=3", "loop.evaluate_every=3", "model.recognizer.width=8")
    taught = (*student, f"distil.teacher={tmp_path / 'teacher' / 'best'}", "distil.features=0.5")
    train_as_two(config_of(data, *taught, f"loop.distributed={kind}"), tmp_path / "two")
    train(config_of(data, *taught, "data.workers=2", "loop.accumulate=2"), tmp_path / "one")
    assert_same(tmp_path / "one", tmp_path / "two")
    assert any("distillation" in name for name in final_state(tmp_path / "two"))  # the projections learnt too


@pytest.mark.parametrize("processes", [2, 3])
def test_shares_are_together_the_batches_of_one(processes: int) -> None:
    alone = iter(SeriesSampler(Share(number=6), 4 * processes))
    together = [iter(SeriesSampler(Share(6 * processes, rank, processes), 4)) for rank in range(processes)]
    for _ in range(3):
        assert next(alone) == [crop for share in together for crop in next(share)]


def test_lanes_take_turns_whatever_processes_and_workers_hold_them() -> None:
    """Batch number n comes from lane n modulo their number."""
    for processes, workers in ((1, 4), (2, 2), (4, 1), (2, 1), (1, 1)):
        for number in (0, 4, 12):
            shares = [Share(number, rank, processes) for rank in range(processes)]
            turns = [[share.turns(4, worker, workers) for worker in range(workers)] for share in shares]
            for batch in range(number, number + 8):
                own = (batch - number) // processes
                lanes = turns[batch % processes][own % workers]
                assert lanes[own // workers % len(lanes)] == batch % 4


def test_another_way_to_share_is_an_error() -> None:
    with pytest.raises(UsageError, match="did you mean fsdp"), join_processes("fdsp", on_cpu=True):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torch.distributed.run", "accelerate.commands.launch"])
def test_launchers(tmp_path: Path, launcher: str) -> None:
    data = kill_resume.draw_set(tmp_path / "set")
    given = ("parts=[recognizer]", "loop.steps=2", "loop.evaluate_every=2", "data.workers=0")
    settings = kill_resume.command(data, tmp_path / "run", given)
    options = ["--nproc_per_node=2", "--standalone"] if "torch" in launcher else ["--cpu", "--num_processes=2"]
    options += [] if "torch" in launcher else ["--num_machines=1", f"--main_process_port={free_port()}"]
    command = [sys.executable, "-m", launcher, *options, "-m", "ocr", *settings]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stderr.count("validation") == 1  # the main process alone speaks
    assert (tmp_path / "run" / "best" / "weights.safetensors").exists()
