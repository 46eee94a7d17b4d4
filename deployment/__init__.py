"""From an AWS account to a running application, and back: `python -m deployment deploy` and `undeploy`.

The application is template.yaml, and its endpoint is hosting.yaml. A bucket for artifacts holds what both are made of.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
