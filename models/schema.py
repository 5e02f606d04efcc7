"""Plain data (from YAML or the command line) to frozen dataclasses and back, strictly.

An unknown key is an error with a suggestion; a value of the wrong kind is an error that names it. The dataclasses are
the schema and the only place for a default.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from ocr.errors import UsageError

Config = TypeVar("Config")


def from_plain(kind: type[Config], data: Mapping[str, Any], path: str = "") -> Config:
    """An instance of the dataclass ``kind`` from nested mappings. Raises UsageError naming the key and the remedy."""
    if not isinstance(data, Mapping):
        raise UsageError(f"{path or 'config'}: {data!r} is not a mapping of {kind.__name__}; give key: value lines")
    hints = typing.get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values = {}
    for key, value in data.items():
        where = f"{path}.{key}" if path else str(key)
        if key not in names:
            raise UsageError(f"unknown setting {where}: {suggest(str(key), names)}")
        values[key] = _convert(hints[key], value, where)
    return kind(**values)


def to_plain(config: Any) -> Any:
    """Nested dicts and lists that YAML and JSON can hold."""
    if dataclasses.is_dataclass(config):
        return {f.name: to_plain(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, Mapping):
        return {key: to_plain(value) for key, value in config.items()}
    if isinstance(config, (tuple, list)):
        return [to_plain(value) for value in config]
    return config


def suggest(key: str, names: list[str]) -> str:
    """``did you mean lr? (one of ...)`` for an error message."""
    close = difflib.get_close_matches(key, names, n=1)
    return (f"did you mean {close[0]}? " if close else "") + f"known are {', '.join(sorted(names))}"


def _convert(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return from_plain(typing.cast(type, kind), value or {}, where)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _convert(next(a for a in arguments if a is not type(None)), value, where)
    if origin is tuple:
        return _convert_tuple(arguments, value, where)
    if origin is not None and issubclass(origin, Mapping):
        return {str(k): _convert(arguments[1], v, f"{where}.{k}") for k, v in dict(value).items()}
    return _convert_scalar(kind, value, where)


def _convert_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise UsageError(f"{where}={value!r} must be a list, such as [a, b]")
    if arguments[-1] is Ellipsis:
        return tuple(_convert(arguments[0], item, where) for item in items)
    if len(items) != len(arguments):
        raise UsageError(f"{where}={value!r} must hold {len(arguments)} values")
    return tuple(_convert(kind, item, where) for kind, item in zip(arguments, items, strict=True))


def _convert_scalar(kind: type, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)  # YAML reads 7e-4 as text
        except ValueError:
            pass
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise UsageError(f"{where}={value!r} must be of type {kind.__name__}")
