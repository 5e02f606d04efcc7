#!/usr/bin/env bash
# The light install in a fresh virtual environment: no torch, the command starts, and the shipped model reads the example.
#   scripts/check_install.sh          PYTHON=python3.13 scripts/check_install.sh
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf '\n== %s\n' "$*"; }

say "light install with $("$python" --version)"
rm -rf build  # setuptools would pack what it left there earlier
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check .
cd "$work"  # so that the installed package is used, not the checkout
venv="$work/venv/bin"

say "no package of the extras is installed"
for module in torch torchvision timm transformers albumentations safetensors fastapi; do
    if "$venv/python" -c "import $module" 2>/dev/null; then
        echo "$module can be imported in the light install; remove what requires it from the dependencies" >&2
        exit 1
    fi
done
"$venv/python" -m pip check --disable-pip-version-check

say "what was installed is whole"
"$venv/python" - <<'PYTHON'
from pathlib import Path

import importlib

import ocr
import ocr.data.pages
from ocr.models.registry import PIPELINES

for module in PIPELINES.values():
    importlib.import_module(module).config_class()
package = Path(ocr.__file__).parent
assert not (package / "data").is_symlink() and not (package / "models").is_symlink(), "links were packaged as links"
assert (package / "py.typed").is_file(), "py.typed is missing"
assert list((package / "configs").glob("*.yaml")), "the configurations are missing"
print(f"ocr {ocr.__version__}: {sum(f.stat().st_size for f in package.rglob('*') if f.is_file()) / 1e6:.1f} MB")
PYTHON

say "the command starts"
"$venv/ocr" --help >/dev/null
"$venv/python" -m ocr --version
set +e
message=$("$venv/ocr" train recognizer 2>&1)
code=$?
set -e
[[ $code -eq 2 && $message == *'pip install "vitocr[train]"'* ]] || { echo "ocr train: code $code, $message" >&2; exit 1; }

mkdir -p run && echo "loop: {steps: 2}" >run/config.yaml && echo '{"step": 2, "objective": 0.5, "cer/a": 0.5}' >run/scores.jsonl
"$venv/ocr" runs | grep -q "cer/a 0.5000" || { echo "ocr runs does not list a run" >&2; exit 1; }

if compgen -G "$OLDPWD/ocr/weights/*/config.yaml" >/dev/null; then
    for settings in "$OLDPWD"/ocr/weights/*/config.yaml; do  # a corrector has none
        model=$(basename "$(dirname "$settings")")
        say "$model reads the example"
        for page in "$OLDPWD"/examples/*.{png,jpg,jpeg,tif,pdf}; do
            [[ -e $page ]] || continue
            "$venv/ocr" predict "$page" --model "$model" >"$work/text"
            [[ -s $work/text ]] || { echo "nothing was read on $page" >&2; exit 1; }
            "$venv/ocr" predict "$page" --model "$model" --correct >"$work/text"
            [[ -s $work/text ]] || { echo "nothing was read on $page with --correct" >&2; exit 1; }
            "$venv/ocr" predict "$page" --model "$model" --format md,tsv,hocr,alto,page,pdf --output "$work/written/"
            echo "$(basename "$page"): $(wc -w <"$work/text") words, first line: $(head -n 1 "$work/text")"
        done
        [[ $(head -c 5 "$work/written/"*.pdf | grep -c %PDF-) -gt 0 ]] || { echo "no PDF was written" >&2; exit 1; }
    done
else
    echo "no weights are shipped (ocr/weights): nothing is read"
fi
say "light install: ok"
