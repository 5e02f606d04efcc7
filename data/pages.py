"""Input files as a stream of page images, decoded in a process of their own with limits on time, memory and pixels.

    with PageReader() as reader:
        for number, page in reader.pages("scan.pdf"):
            ...  # page is an RGB array (H, W, 3), or a Failure

Importing this module is cheap and starting a reader takes milliseconds, so that the worker starts up and decodes the
first page while the caller imports its libraries and loads its model.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import ocr
from ocr.data.decode_worker import LENGTH
from ocr.data.inputs import STANDARD_INPUT
from ocr.data.page_options import PageOptions, next_chosen, parse_page_range
from ocr.errors import Failure, InputError, OutputError

if TYPE_CHECKING:
    from ocr.models.interface import Image

MAX_DEATHS = 3  # of the worker on one file, then the rest of the file is given up
MAX_STANDARD_INPUT = 1 << 30  # bytes
PIPE_BYTES = 1 << 20  # a wider pipe than the usual 64 KB: an A4 page then passes in a few milliseconds
START_WORKER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from ocr.data.decode_worker import main; main()"
)


class WorkerDiedError(Exception):
    """The decode worker ended or has to be: by a crash, or for lack of time or memory; ``failure`` says which."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(eq=False)
class _Request:
    source: str
    path: str
    after: int = 0
    last: int | None = None
    opened: bool = False
    deaths: int = 0
    temporary: bool = field(default=False, repr=False)


class PageReader:
    """Reads pages from files; a context manager, because it owns a process. Not for use by several threads at once."""

    def __init__(self, options: PageOptions | None = None) -> None:
        self.options = options or PageOptions()
        self.truncated: list[str] = []
        """Sources that were read only in part, because ``allow_truncated`` is set."""
        self._range = parse_page_range(self.options.pages)
        self._queue: deque[_Request] = deque()
        self._process = self._start()

    def __enter__(self) -> PageReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def path(self) -> str | None:
        """The file whose pages are being taken; for standard input the copy of it, which is removed after them."""
        return self._queue[0].path if self._queue else None

    def close(self) -> None:
        """End the worker and remove what was stored of standard input."""
        self._stop()
        for request in self._queue:
            self._forget(request)
        self._queue.clear()

    def request(self, source: str) -> None:
        """Ask for a file ahead of time: it is decoded while the caller works on the one before.

        Raises :class:`~ocr.errors.InputError` if standard input is longer than 1 GiB.
        """
        stored = store_standard_input() if source == STANDARD_INPUT else None
        request = _Request(source, stored or source, temporary=stored is not None)
        self._queue.append(request)
        self._send(request)

    def pages(self, source: str) -> Iterator[tuple[int, Image | Failure]]:
        """Page numbers (from 1) with the page, an RGB array ``(H, W, 3)`` of uint8, or why it could not be read.

        Files must be taken in the order in which they were requested, each to its end. Raises
        :class:`~ocr.errors.InputError` before the first page if the file has no page that can be read.
        """
        if not self._queue:
            self.request(source)
        request = self._queue[0]
        if request.source != source:
            raise ValueError(f"pages of {source!r} were asked for, but the next request is {request.source!r}")
        try:
            yield from _good_after_bad(self._answers(request))
        except GeneratorExit:  # the caller wants no more of this file, but the worker is still at it
            if request in self._queue:  # not closed yet
                self._stop()
                self._process = self._start()
                self._resend(1)
            raise
        finally:
            if request in self._queue:
                self._queue.popleft()
            self._forget(request)

    def _answers(self, request: _Request) -> Iterator[tuple[int, Image | Failure]]:
        """All pages of a request; when the worker dies on one, that page fails and a new worker takes up the next."""
        while True:
            try:
                yield from self._answers_of_one_worker(request)
                return
            except WorkerDiedError as death:
                self._stop()
                self._process = self._start()
                request.deaths += 1
                number = next_chosen(request.after, self._range)
                if not request.opened or number is None:
                    self._resend(1)
                    raise InputError(death.failure.code, death.failure.message) from death
                request.after = number
                finished = request.last is not None and number >= request.last
                given_up = finished or request.deaths >= MAX_DEATHS
                self._resend(1 if given_up else 0)
                yield number, death.failure
                if given_up:
                    return

    def _answers_of_one_worker(self, request: _Request) -> Iterator[tuple[int, Image | Failure]]:
        while True:
            answer = self._receive()
            kind = answer["kind"]
            if kind == "opened":
                request.opened, request.last = True, answer["last"]
            elif kind == "page":
                page = self._receive_pixels(answer["height"], answer["width"])
                request.after = answer["number"]
                if answer["truncated"]:
                    self.truncated.append(request.source)
                yield request.after, page
            elif kind == "page_failed":
                request.after = answer["number"]
                yield request.after, Failure(answer["code"], answer["message"])
            elif kind == "failed" and request.after == 0:
                raise InputError(answer["code"], answer["message"])
            elif kind == "failed":
                yield request.after + 1, Failure(answer["code"], answer["message"])
                return
            else:
                return

    def _receive(self) -> dict[str, Any]:
        """The next message, for which the worker has ``timeout`` seconds."""
        late = threading.Event()

        def stop_late() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self.options.timeout, stop_late)
        timer.daemon = True
        timer.start()
        try:
            length = LENGTH.unpack(self._read_exactly(LENGTH.size))[0]
            return json.loads(self._read_exactly(length))
        except EOFError:
            raise WorkerDiedError(self._reason_of_death(late.is_set())) from None
        finally:
            timer.cancel()

    def _reason_of_death(self, late: bool) -> Failure:
        if late:
            return Failure(
                "timeout", f"decoding took more than {self.options.timeout:g} s; raise the limit by --timeout"
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        return Failure("worker_crash", f"the decoder crashed on it (exit status {self._process.returncode})")

    def _receive_pixels(self, height: int, width: int) -> Image:
        import numpy as np

        try:
            page = np.empty((height, width, 3), np.uint8)
            self._read_into(page.reshape(-1).data)
        except MemoryError:  # the pixels are still in the pipe: only a new worker starts afresh
            message = f"there is not enough memory for its {width} x {height} pixels"
            raise WorkerDiedError(Failure("out_of_memory", message)) from None
        except EOFError:
            raise WorkerDiedError(self._reason_of_death(late=False)) from None
        return page

    def _read_exactly(self, length: int) -> bytes:
        buffer = bytearray(length)
        self._read_into(memoryview(buffer))
        return bytes(buffer)

    def _read_into(self, view: memoryview) -> None:
        source = self._process.stdout
        while len(view):
            count = source.readinto(view)  # type: ignore[union-attr]
            if not count:
                raise EOFError
            view = view[count:]

    def _resend(self, first: int) -> None:
        """Ask the new worker for what the old one had not finished: the queue from entry ``first``."""
        for request in itertools.islice(self._queue, first, None):
            self._send(request)

    def _send(self, request: _Request) -> None:
        path = os.fsencode(request.path).decode("latin-1")  # bytes: the worker's locale may differ
        message = {"path": path, "after": request.after, "options": asdict(self.options)}
        encoded = json.dumps(message).encode()
        with contextlib.suppress(BrokenPipeError):  # a dead worker is noticed when its answer is read
            self._process.stdin.write(LENGTH.pack(len(encoded)) + encoded)  # type: ignore[union-attr]

    @staticmethod
    def _forget(request: _Request) -> None:
        if request.temporary:
            Path(request.path).unlink(missing_ok=True)

    def _start(self) -> subprocess.Popen[bytes]:
        # -I keeps the current folder and the environment from choosing which modules are imported; the parent's own
        # search path is handed over instead, so that looking for it (-S) is not done again.
        search_path = [entry for entry in sys.path if entry] + [str(Path(ocr.__file__).parents[1])]
        command = [sys.executable, "-I", "-S", "-c", START_WORKER, json.dumps(search_path)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        widen(process.stdout)
        return process

    def _stop(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


def _good_after_bad(pages: Iterator[tuple[int, Image | Failure]]) -> Iterator[tuple[int, Image | Failure]]:
    """The same pages; raises :class:`InputError` with the first failure if not one of them is good."""
    failed: list[tuple[int, Failure]] = []
    for number, page in pages:
        if isinstance(page, Failure):
            failed.append((number, page))
        else:
            yield from failed
            yield number, page
            yield from pages
            return
    if failed:
        raise InputError(failed[0][1].code, failed[0][1].message)


def widen(pipe: Any) -> None:
    """Let more bytes wait in a pipe where the system (Linux) can."""
    try:
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        pass


def store_standard_input(stream: BinaryIO | None = None) -> str:
    """Copy standard input to a temporary file, whose path is returned; the decoders need to move about in it."""
    import tempfile

    stream = stream or sys.stdin.buffer
    with tempfile.NamedTemporaryFile(prefix="ocr-", delete=False) as file:
        try:
            while block := stream.read(1 << 20):
                file.write(block)
                if file.tell() > MAX_STANDARD_INPUT:
                    limit = f"{MAX_STANDARD_INPUT:,} bytes"
                    raise InputError("too_large", f"standard input has more than {limit}; give it as a file")
            file.flush()
        except BaseException as error:
            Path(file.name).unlink()
            if isinstance(error, OSError):
                raise OutputError(f"cannot store standard input in {file.name}: {error.strerror}") from error
            raise
    return file.name
