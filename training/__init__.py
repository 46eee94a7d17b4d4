"""From FER2013's csv to a trained model. Labels and preprocessing come from the functions' package, so that what is
trained and what is served can't drift apart; it is found here because it is a deployment package and not installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
