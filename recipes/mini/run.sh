#!/usr/bin/env bash
# Make `mini` from nothing to the files that ship, in stages:
#
#   bash recipes/mini/run.sh [--tiny] WORK [PEOPLE...]
#
# PEOPLE are folders of GRID, LibriSpeech or VCTK, or whatever else `jamflow prepare` reads. --tiny makes a model that has hardly
# learnt anything, in minutes, from hibari and flite alone, in WORK/mini: `jamflow speak --model WORK/mini` takes it.
#
# Needs `pip install -e '.[train,eval,speaker]'`, WordNet's data files, flite and npm (Debian: apt-get install wordnet-base flite npm).
# A stage that is done is not done again, one that was stopped goes on: a training from its last checkpoint, with the same numbers.
# On two CPU cores the corpus takes an hour and a quarter and the trainings about four; on a CUDA GPU the same commands use it.
# What every stage took and the largest size of WORK are in WORK/summary.md; stages that ran side by side count twice in its sum.
set -euo pipefail

usage="usage: run.sh [--tiny] WORK [PEOPLE...]"
tiny=
if [ "${1:-}" = --tiny ]; then
  tiny=1
  shift
fi
work=$(mkdir -p "${1:?$usage}/done" && cd "$1" && pwd)
shift
people=()
for source in "$@"; do people+=("$(realpath -e "$source")"); done
cd "$(dirname "$0")"
export TEACHERS=${TEACHERS:-$work/teachers}

spent() { # busy: processor seconds of all that ran and ended
  local file="$work/times.$BASHPID"
  times >"$file"
  busy=$(awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); sum += 60 * t[1] + t[2] } printf "%d", sum }' "$file")
  rm "$file"
}
note() { # what the stage took, also if it was stopped
  [ -n "$stage" ] || return 0
  spent
  printf '%s\t%d\t%d\t%d\n' "$stage" $((SECONDS - began)) $((busy - before)) "$(du -sk "$work" | cut -f1)" >>"$work/stages.tsv"
  stage=
}
end() { # nothing goes on in the background
  note
  if [ -n "$small" ]; then kill -- -"$small" 2>/dev/null || true; fi
}
stage= small=
trap end EXIT

stage() { # NAME COMMAND...: once
  if [ -e "$work/done/$1" ]; then return; fi
  spent
  stage=$1 began=$SECONDS before=$busy
  shift
  echo "== $stage" >&2
  "$@"
  touch "$work/done/$stage"
  note
}

teach() { # TEACHER HOURS, by each of two processes
  local pids=() seed pid
  for seed in 0 1; do
    OMP_NUM_THREADS=1 python make_corpus.py --out "$work/corpus" --teacher "$1" --hours "$2" --seed $seed ${tiny:+--everyday} &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

joint() { # NAME OPTIONS...
  local name=$1
  shift
  python train_joint.py --corpus "$work/corpus" --run "$work/$name" "$@"
}

if [ -n "$tiny" ]; then
  stage hibari teach hibari 0.1
  if command -v flite >/dev/null; then stage flite teach flite 0.01; fi
else
  # Alone: what two processes unpack at once into one file fails.
  stage unpack python -c 'from teachers import KokoroTeacher; KokoroTeacher()'
  stage kokoro teach kokoro 2
  stage hibari teach hibari 0.5
  stage flite teach flite 0.3
fi
if [ ${#people[@]} -gt 0 ]; then stage people jamflow prepare "${people[@]}" -o "$work/corpus" --transcribe; fi
stage features python prepare.py "$work/corpus"
if grep -qs '"motion_space": "mesh"' "$work"/corpus/*/shard.json; then # somebody was filmed
  stage lips python teach_lips.py --corpus "$work/corpus" --run "$work/lips"
fi

durations=() recogniser=() vocoder=() all=() last=()
if [ -n "$tiny" ]; then
  few=(--config.warmup 2 --config.shapes 4 64 --config.shape-shares 1.0)
  durations=(--config.steps 60)
  recogniser=(--config.steps 20 --config.batch 4)
  vocoder=(--config.steps 6 --config.adversarial-from 4 --config.batch 4 --config.judged 2)
  all=(--config.steps 8 "${few[@]}")
  last=(--config.steps 4 "${few[@]}")
fi
# Beside the joint model, which needs none of them. On a CPU, each side has half of the cores. -m: a process group, for `end`.
threads=$(($(nproc) / 2))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((threads > 0 ? threads : 1))}
set -m
(
  trap note EXIT
  stage durations python train_durations.py --corpus "$work/corpus" --run "$work/durations" "${durations[@]}"
  stage recogniser python train_recogniser.py --corpus "$work/corpus" --run "$work/recogniser" "${recogniser[@]}"
  stage vocoder python train_vocoder.py --corpus "$work/corpus" --run "$work/vocoder" "${vocoder[@]}"
) &
small=$!
set +m
# All regimes and all voices; then a stage that mostly makes speech from text, in the teachers' own voices, since after the first
# alone every seventh word is heard wrong (docs/decisions.md).
stage joint joint joint --config.free-timing 0 "${all[@]}"
stage joint-speech joint joint-speech --start "$work/joint" --config.free-timing 0 --config.steps 8000 --config.lr 1.5e-3 \
  --config.decay-from 0.4 --config.regimes.drop-all 0.1 --config.regimes.drop-other 0.25 --config.regimes.together 0.68 \
  --config.regimes.animate 0.14 --config.regimes.dub 0.18 --config.regimes.drop-text 0.05 --config.regimes.drop-text-dub 0.35 \
  --config.favour heart 6 af_ 3 am_ 3 bf_ 3 bm_ 3 kmix 0.5 libri_ 0.4 grid_ 0.5 flite 0.5 "${last[@]}"
wait "$small"
small=

curves() {
  python -m jamflow.train.plot "$work/durations" -o "$work/curves/durations.png"
  python -m jamflow.train.plot "$work/recogniser" -o "$work/curves/recogniser.png"
  python -m jamflow.train.plot "$work/vocoder" -o "$work/curves/vocoder.png"
  python -m jamflow.train.plot "$work/joint" "$work/joint-speech" -o "$work/curves/joint.png"
}
stage curves curves

export_to() { # FOLDER
  python export.py --corpus "$work/corpus" --joint "$work/joint-speech" --vocoder "$work/vocoder" --durations "$work/durations" \
    --recogniser "$work/recogniser" --out "$1"
}
if [ -n "$tiny" ]; then
  stage export export_to "$work/mini"
else
  stage export export_to ../../src/jamflow/assets/mini
  lips=()
  if [ -e "$work/lips/lip_teacher.pt" ]; then lips=(--lips "$work/lips"); fi
  stage voices python named_voices.py --default "${lips[@]}"
  stage hashes python -m jamflow.weights
fi

awk -F'\t' '
  {
    if (!($1 in took)) order[++n] = $1
    took[$1] += $2; busy[$1] += $3; all += $2; work += $3
    if ($4 > size[$1]) size[$1] = $4
    if ($4 > peak) peak = $4
  }
  END {
    print "| stage | hours | processor hours | GB afterwards |\n|---|---|---|---|"
    for (i = 1; i <= n; i++)
      printf "| %s | %.2f | %.2f | %.2f |\n", order[i], took[order[i]] / 3600, busy[order[i]] / 3600, size[order[i]] / 1048576
    printf "| all | %.2f | %.2f | %.2f at most |\n", all / 3600, work / 3600, peak / 1048576
  }' "$work/stages.tsv" >"$work/summary.md"
cat "$work/summary.md" >&2
