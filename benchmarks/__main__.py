"""python -m benchmarks NAME [options]"""

import sys

from benchmarks.shared.runner import main
from jamflow.compute.threads import set_threads

set_threads()  # before torch is imported, as `jamflow` does
sys.exit(main(sys.argv[1:]))
