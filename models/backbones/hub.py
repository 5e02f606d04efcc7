"""Models of the Hugging Face hub as local folders: what was fetched before is taken without asking the network."""

from __future__ import annotations

from pathlib import Path

from ocr.errors import UsageError

PATIENCE = 5.0
"""Seconds to wait for the hub's first answer."""


def fetch(repository: str, name: str, weights: bool) -> Path:
    """The folder of a hub model (``OWNER/NAME``) with its config and, if wanted, its safetensors.

    ``name`` is what the user wrote. Raises UsageError, with the way that needs no network, if it cannot be had.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    patterns = ["*.json", *(["*.safetensors"] if weights else [])]
    try:
        folder = Path(snapshot_download(repository, allow_patterns=patterns, local_files_only=True))
        if (folder / "config.json").is_file() and (not weights or any(folder.glob("*.safetensors"))):
            return folder
    except LocalEntryNotFoundError:
        pass
    except HFValidationError as error:
        raise UsageError(f"backbone {name!r} is neither a folder here nor an OWNER/NAME of the model hub") from error
    try:
        HfApi().model_info(repository, timeout=PATIENCE)  # fails at once; a download would first try for minutes
        return Path(snapshot_download(repository, allow_patterns=patterns, etag_timeout=PATIENCE))
    except Exception as error:  # the hub's client raises errors of its own, of its HTTP library and of the system
        reason = " ".join(str(error).split())[:160]
        raise UsageError(
            f"backbone {name!r} cannot be fetched from the model hub ({reason}); "
            "give a folder that holds its config.json and model.safetensors instead of the name"
        ) from error
