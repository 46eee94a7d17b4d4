# Pins every set with hashes, and with no address of an index (uv writes none unless it is told to). uv resolves for all platforms and Pythons at once.
set -eu
cd "$(dirname "$0")"
pin() {
  options="--quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header"
  uv pip compile $options "$@"
}
pin ../functions/requirements.in -o ../functions/requirements.txt
pin local.in -c ../functions/requirements.txt -o local.txt
pin dev.in -c local.txt -o dev.txt
pin runtime.in -c dev.txt -o runtime.txt
pin browser.in -c dev.txt -o browser.txt
pin fuzz.in -c dev.txt -o fuzz.txt
pin contract.in -c dev.txt -o contract.txt
pin ../training/container/requirements.in -c dev.txt -o ../training/container/requirements.txt
pin ../training/container/requirements-training.in -o ../training/container/requirements-training.txt
# SageMaker's SDK holds rich and others back, so these have versions of their own.
pin training-tests.in -o training-tests.txt
pin sagemaker.in -c training-tests.txt -o sagemaker.txt
pin training.in -c sagemaker.txt -o training.txt
pin sam.in -o sam.txt
pin audit.in -o audit.txt
