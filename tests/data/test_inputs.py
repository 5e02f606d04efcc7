"""Which files folders, patterns and plain names stand for."""

from __future__ import annotations

from pathlib import Path

from ocr.data.inputs import find_inputs, natural_key


def test_folders_are_walked_in_natural_order_without_what_is_no_page(tmp_path: Path) -> None:
    for name in ("page10.png", "page2.png", "Page1.jpg", "notes.txt", ".hidden.png", "sub/scan.pdf", "sub/.x/y.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "photo").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = [Path(str(path)).relative_to(tmp_path).as_posix() for path in find_inputs([str(tmp_path)])]
    assert found == ["Page1.jpg", "page2.png", "page10.png", "photo", "sub/scan.pdf"]


def test_patterns_and_names_that_look_like_patterns(tmp_path: Path) -> None:
    for name in ("a1.png", "a2.png", "b[1].png", "c.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert list(find_inputs([str(tmp_path / "a?.png")])) == [str(tmp_path / "a1.png"), str(tmp_path / "a2.png")]
    assert list(find_inputs([str(tmp_path / "b[1].png")])) == [str(tmp_path / "b[1].png")]
    ((name, failure),) = [entry for entry in find_inputs([str(tmp_path / "z*")]) if isinstance(entry, tuple)]
    assert (name, failure.code) == (str(tmp_path / "z*"), "not_found") and "it matches no PNG" in failure.message
    assert list(find_inputs(["missing.png", "-"])) == ["missing.png", "-"]


def test_natural_key_takes_digits_of_any_script() -> None:
    assert sorted(["b٣", "a10", "a9", "²"], key=natural_key)[:1] != []
    assert sorted(["x10", "x9", "X1"], key=natural_key) == ["X1", "x9", "x10"]
