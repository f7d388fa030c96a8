#!/usr/bin/env bash
# Make `mini` from nothing: corpus, features, vocoder, durations, joint model, the files that ship.
#
#   bash recipes/mini/run.sh WORK
#
# Needs `pip install -e '.[train]'`, WordNet's data files, flite and npm (Debian: apt-get install wordnet-base flite npm).
# Every step can be stopped and run again; trainings go on from their last checkpoint. On two CPU cores the
# corpus takes four hours and the trainings several hours; on a CUDA GPU the same commands use it.
set -euo pipefail
work=$(mkdir -p "${1:?usage: run.sh WORK}" && cd "$1" && pwd)
cd "$(dirname "$0")"
export TEACHERS=${TEACHERS:-$work/teachers}

if [ ! -e "$work/corpus.done" ]; then
  pids=()
  for seed in 0 1; do
    (
      OMP_NUM_THREADS=1 python make_corpus.py --out "$work/corpus" --teacher hibari --hours 3 --seed $seed
      OMP_NUM_THREADS=1 python make_corpus.py --out "$work/corpus" --teacher kokoro --hours 4 --seed $seed
      OMP_NUM_THREADS=1 python make_corpus.py --out "$work/corpus" --teacher flite --hours 0.6 --seed $seed
    ) &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  touch "$work/corpus.done"
fi
python prepare.py "$work/corpus"
python train_durations.py --corpus "$work/corpus" --run "$work/durations"
python train_vocoder.py --corpus "$work/corpus" --run "$work/vocoder"
python train_joint.py --corpus "$work/corpus" --run "$work/joint"
for part in durations vocoder joint; do
  python -m jamflow.train.plot "$work/$part" -o "$work/$part/curves.png"
done
python export.py --corpus "$work/corpus" --joint "$work/joint" --vocoder "$work/vocoder" --durations "$work/durations"
python named_voices.py --default
python -m jamflow.weights
