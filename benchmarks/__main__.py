"""python -m benchmarks NAME [options]"""

import sys

from benchmarks.shared.runner import main

sys.exit(main(sys.argv[1:]))
