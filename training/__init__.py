"""Trains the classifier of facial expressions on FER2013, measures it, and deploys it to an endpoint.

Labels and preprocessing are imported from the package `mien`, so training and serving always use the same ones. `mien`
is a deployment package that is not installed, therefore its folder is added to the import path here.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
