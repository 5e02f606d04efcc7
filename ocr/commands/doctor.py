"""``ocr doctor``: what is installed, what works, and what to type for the rest."""

from __future__ import annotations

import typer

from ocr.errors import ExitCode

MARKS = {"ok": " ", "missing": "-", "fault": "!"}


def doctor() -> None:
    """Show versions, devices, models and engines, and what to type for what is missing; exit code 4 after a fault."""
    from ocr.commands.progress import printable
    from ocr.doctor import Finding, examine

    faults: list[Finding] = []
    part = ""
    for finding in examine():
        if finding.part != part:
            typer.echo(f"{'' if not part else chr(10)}{finding.part}")
            part = finding.part
        typer.echo(f"{MARKS[finding.state]} {finding.name:24} {printable(finding.detail)}")
        if finding.remedy:
            typer.echo(f"  {'':24} type: {finding.remedy}")
        faults += [finding] if finding.state == "fault" else []
    typer.echo("\npages cannot be read: see the lines with !" if faults else "\npages can be read")
    raise typer.Exit(ExitCode.MODEL if faults else ExitCode.OK)
