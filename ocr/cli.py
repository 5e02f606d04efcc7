"""The ``ocr`` command: builds the app from the commands and turns every error into one line and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import typer

from ocr.errors import ExitCode, OcrError, UsageError, is_out_of_memory

COMMANDS = {
    "predict": "predict",
    "train": "train",
    "eval": "evaluate",
    "export": "export",
    "adapter": "app",
    "compress": "app",
    "data": "app",
    "lexicon": "app",
    "models": "app",
    "runs": "app",
    "doctor": "doctor",
}
"""Modules of :mod:`ocr.commands`, and in each the function of the command or the app of its subcommands."""

USAGE_EXCEPTIONS: tuple[type[Any], ...] = tuple(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
ABORT_EXCEPTIONS = (typer.Abort, KeyboardInterrupt)


class Terminated(BaseException):
    """SIGTERM: stop like Ctrl+C, with what was done kept."""


def build_app(only: str | None = None) -> typer.Typer:
    """The app with all commands, or with one, so that it need not import the others."""
    app = typer.Typer(
        name="ocr",
        help="Read text from images and PDFs, in Latin script and Korean.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(root)
    for name, attribute in COMMANDS.items():
        if only not in (None, name) or not (Path(__file__).parent / "commands" / f"{name}.py").exists():
            continue
        command = getattr(importlib.import_module(f"ocr.commands.{name}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name=name)(command)
    return app


def known_command(argument: str) -> str | None:
    """The argument if it is a command, None if it is an option. Raises :class:`~ocr.errors.UsageError` otherwise."""
    if argument in COMMANDS or argument.startswith("-"):
        return argument if argument in COMMANDS else None
    from ocr.models.schema import suggest

    raise UsageError(f"unknown command {argument}: {suggest(argument, list(COMMANDS))}")


def root(version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True)) -> None:
    """Read text from images and PDFs, in Latin script and Korean."""
    if version:
        import ocr

        typer.echo(ocr.__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; never lets an exception out."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    speak_utf8()
    with contextlib.suppress(ValueError):  # called from another thread than the main one
        signal.signal(signal.SIGTERM, raise_terminated)
    debug = "--debug" in arguments
    try:
        only = known_command(arguments[0]) if arguments else None
        result = typer.main.get_command(build_app(only))(arguments, prog_name="ocr", standalone_mode=False)
        return int(result or 0)
    except Terminated:
        return ExitCode.TERMINATED
    except ABORT_EXCEPTIONS:
        return ExitCode.INTERRUPTED
    except USAGE_EXCEPTIONS as error:
        message = getattr(error, "format_message", error.__str__)()
        if message:  # empty where the help was printed, because no command was given
            context = getattr(error, "ctx", None)
            complain(f"{message.rstrip('.')}; type {context.command_path if context else 'ocr'} --help for help")
        return ExitCode.USAGE
    except OcrError as error:
        if not isinstance(error.__cause__, BrokenPipeError):  # the reader of our output has what it wanted
            complain(str(error))
        if debug:
            sys.excepthook(type(error), error, error.__traceback__)
        return error.exit_code
    except Exception as error:
        if is_out_of_memory(error):
            complain("out of memory; give fewer or smaller files, or lower --dpi")
            return ExitCode.MEMORY
        report_bug(error, debug)
        return ExitCode.INTERNAL
    finally:
        flush_or_drop()


def complain(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"ocr: {' '.join(message.split())}\n")


def report_bug(error: Exception, debug: bool) -> None:
    """An error that nobody foresaw: one line, and the trace in a file (with ``--debug`` on standard error)."""
    summary = f"internal error, please report it: {type(error).__name__}: {str(error)[:200]}"
    import tempfile
    import traceback

    if debug:
        traceback.print_exc()
        complain(summary)
        return
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="ocr-trace-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            traceback.print_exc(file=file)
        complain(f"{summary} (trace in {file.name})")
    except OSError:
        complain(f"{summary} (run it again with --debug for the trace)")


def raise_terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def speak_utf8() -> None:
    """Whatever the locale says, and also where standard output or standard error are closed (``>&-``)."""
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def flush_or_drop() -> None:
    """Standard output is empty or cannot be written: Python must not complain about it once more when it ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
