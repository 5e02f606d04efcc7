#!/usr/bin/env bash
# Train a configuration of ocr/configs on a bare GPU machine: Python 3.12 with torch, no network, this checkout and .gpu/.
#
#   on any machine:      python scripts/pack_gpu.py --fonts /usr/share/fonts --corpora TEXTS --sets SET --initial MODEL
#   on the GPU machine:  scripts/train_gpu.sh recognizer 25 [key.path=value ...]     (or detector, end2end)
#
# 25 is the length of the whole learning-rate schedule in minutes. A call stops after LIMIT seconds (540); the next one
# on the same machine goes on from its last checkpoint, until the schedule is over. A fresh machine starts from
# .gpu/initial if that was packed. Afterwards $OUT (default: out/) holds the best model folder, in pieces of 15 MB where
# a file is larger (cat weights.safetensors.* puts them together), and train.log.
#
# The detector is judged on the val pages of the packed sets alone: pack at least one set for it.
#
# Tried on CPUs with loop.steps=3 only: no GPU was at hand when it was written.
set -euo pipefail
cd "$(dirname "$0")/.."
config="$1"; minutes="$2"; shift 2
packed="${PACKED:-.gpu}"; run="${RUN:-/tmp/vitocr-run}/$config"; out="${OUT:-out}"; python="${PYTHON:-python3}"
limit="${LIMIT:-540}"; work="${WORK:-/tmp/vitocr-data}"; cores=$(nproc)
mkdir -p "$out" "$work"

if [[ ! -e $work/ready ]]; then
    for archive in "$packed"/*.tar*; do tar -C "$work" -xf "$archive"; done
    # the machine's own packages stay; only what it lacks is added
    if [[ -d $packed/wheels ]]; then
        "$python" -m pip install -q --no-index --no-deps --no-compile --target "$work/site" "$packed"/wheels/*.whl
    fi
    touch "$work/ready"
fi
export PYTHONPATH="$PWD:$work/site" PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NO_ALBUMENTATIONS_UPDATE=1

sets=$(find "$work/sets" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | paste -sd, || true)
settings=(
    "data.corpora=[$work/corpora]" "data.fonts=[$work/fonts]" "data.evaluation_fonts=[$work/fonts]"
    "data.train=[$sets]" "data.val=[$sets]" "data.workers=$((cores > 1 ? cores - 1 : 1))"
    loop.precision=bf16 "loop.minutes=$minutes" loop.steps=1000000 loop.log_every=50
)
case "$config" in  # sizes for a large GPU; other configurations bring their own
    recognizer) settings+=(data.line_pixels=65536 loop.learning_rate=2e-3 loop.evaluate_every=500 data.rendered_val=400) ;;
    detector) settings+=(data.page_crops=24 loop.learning_rate=1.5e-3 loop.evaluate_every=200) ;;
    end2end) settings+=(data.page_crops=24 loop.learning_rate=1.5e-3 loop.evaluate_every=200) ;;
esac
start=()
if compgen -G "$run/checkpoint-*" >/dev/null; then start=(--resume)
elif [[ -d $packed/initial ]]; then start=(--from "$packed/initial"); fi

"$python" - <<'PYTHON'
import torch

print("torch", torch.__version__, torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA")
PYTHON
status=0
timeout --signal=TERM --kill-after=20 "$limit" "$python" -m ocr train "$config" "${settings[@]}" "$@" \
    --output "$run" "${start[@]}" 2>&1 | tee -a "$out/train.log" || status=$?
[[ $status -eq 124 || $status -eq 143 ]] && { echo "stopped after $limit s; call again to go on"; status=0; }

if [[ -d $run/best ]]; then
    mkdir -p "$out/best"
    for file in "$run"/best/*; do
        rm -f "$out/best/$(basename "$file")"*
        if [[ $(stat -c %s "$file") -gt 15000000 ]]; then split -b 15000000 -d "$file" "$out/best/$(basename "$file")."
        else cp "$file" "$out/best/"; fi
    done
fi
grep " validation " "$out/train.log" | tail -n 20 || true
exit "$status"
