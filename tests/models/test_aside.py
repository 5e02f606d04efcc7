"""Work done in a thread while the caller goes on, and that loading a reader makes use of it."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from ocr.models.aside import begin


def test_the_caller_goes_on_and_gets_the_result_when_it_asks() -> None:
    go_on = threading.Event()
    wait = begin(lambda: go_on.wait(10) and threading.current_thread())
    go_on.set()  # it would never be reached if the work were done first
    assert wait() is wait() is not threading.current_thread()


def test_errors_are_those_of_the_caller() -> None:
    wait = begin(lambda: "abc"[3])
    for _ in range(2):
        with pytest.raises(IndexError):
            wait()


def test_what_readers_need_is_imported_while_networks_are_opened() -> None:
    code = "import sys, ocr.pipeline; sys.exit('ocr.models.two_stage.reader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
