"""The container's code in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from local.paths import MODEL, ROOT


def test_a_model_is_served_without_telemetry(tmp_path: Path) -> None:
    code = "import sys; import local.endpoint, inference; inference.model_fn(sys.argv[1])"
    # With these variables set, ONNX Runtime sends no telemetry anyway.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-c", code, str(MODEL)], cwd=ROOT, env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
