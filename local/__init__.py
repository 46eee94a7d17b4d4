"""Runs the whole application on this machine, in an embedded cloud: no AWS account, no Docker."""

import sys
from pathlib import Path

# Only for the version: the functions themselves are deployed and called like on AWS, never imported.
sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
