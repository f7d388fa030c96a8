"""Average the speech stream of two trainings of one model: python average.py EARLIER LATER OUT [--share 0.5]

A training that goes on from a finished one, for more voices and more tasks, reads more surely and sounds a little rougher;
half-way between the two both are kept (docs/decisions.md). The motion stream is the later one's.
"""

import argparse
from pathlib import Path

from jamflow.loading.joint import load_joint, save_joint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("earlier", type=Path)
    parser.add_argument("later", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the later one")
    args = parser.parse_args()
    earlier, _ = load_joint(args.earlier)
    later, normaliser = load_joint(args.later)
    before, after = earlier.state_dict(), later.state_dict()
    for name, value in after.items():
        if name.startswith("audio.") and value.is_floating_point():
            after[name] = before[name].float().lerp(value.float(), args.share)
    save_joint(args.out, after, normaliser.state_dict(), later.config)


if __name__ == "__main__":
    main()
