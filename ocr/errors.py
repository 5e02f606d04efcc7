"""Errors of the toolkit and the exit codes they lead to.

Every error names the value, the rule it broke and the remedy; the command line prints it as one line.

    OcrError                 exit code
    ├── UsageError           2   unknown option, missing file, bad config
    ├── InputError           3   an input could not be read (carries a machine-readable ``code``)
    ├── ModelError           4   model or checkpoint missing, damaged or refused
    ├── OutputError          5   cannot write: disk full, no permission
    ├── MemoryLimitError     6   out of memory after the automatic retries
    └── TrainingError        7   training stopped on numbers: NaN or infinite loss
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


class ExitCode(IntEnum):
    """Exit status of the ``ocr`` command; part of the stable user interface."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    INPUT = 3
    MODEL = 4
    OUTPUT = 5
    MEMORY = 6
    TRAINING = 7
    INTERRUPTED = 130
    TERMINATED = 143


InputErrorCode = Literal[
    "not_found",
    "empty",
    "unsupported",
    "damaged",
    "truncated",
    "encrypted",
    "too_large",
    "timeout",
    "out_of_memory",
    "worker_crash",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an input (or one page of it) has no result; the ``error`` object of the JSON."""

    code: InputErrorCode
    message: str


class OcrError(Exception):
    """Base of all errors raised on purpose. ``str(error)`` is the one line a user sees."""

    exit_code = ExitCode.INTERNAL


class UsageError(OcrError):
    """A wrong option, path or configuration value."""

    exit_code = ExitCode.USAGE


class InputError(OcrError):
    """An input file that cannot be read. ``code`` is one of :data:`InputErrorCode`."""

    exit_code = ExitCode.INPUT

    def __init__(self, code: InputErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: InputErrorCode = code

    def __reduce__(self) -> tuple[type[InputError], tuple[InputErrorCode, str]]:
        return type(self), (
            self.code,
            str(self),
        )  # exceptions are pickled by their message alone: workers raise this one

    @property
    def failure(self) -> Failure:
        return Failure(self.code, str(self))


class ModelError(OcrError):
    """Weights or a checkpoint that are missing, damaged or refused."""

    exit_code = ExitCode.MODEL


class OutputError(OcrError):
    """A result that cannot be written."""

    exit_code = ExitCode.OUTPUT


class MemoryLimitError(OcrError):
    """Out of memory after the automatic retries."""

    exit_code = ExitCode.MEMORY


class TrainingError(OcrError):
    """Training stopped on NaN or infinite losses."""

    exit_code = ExitCode.TRAINING


OUT_OF_MEMORY_SIGNS = (
    "failed to allocate",
    "insufficient memory",
    "bad_alloc",
    "out of memory",
    "can't start new thread",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it means that memory is short: libraries raise errors of their own for that."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in OUT_OF_MEMORY_SIGNS)


class MissingExtraError(UsageError):
    """A feature whose packages are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        super().__init__(f'{feature} needs packages that are not installed; type: pip install "vitocr[{extra}]"')

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (self.feature, self.extra)
