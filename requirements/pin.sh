# Pins every set of requirements, with hashes and without the address of a package index. uv resolves for all platforms
# and Python versions at once. A version that is already pinned stays, unless a .in file rules it out. Arguments go to
# uv, for instance: --upgrade, or --upgrade-package pillow.
set -eu
cd "$(dirname "$0")"
options="--quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header $*"
full=$(mktemp -d)
trap 'rm -rf "$full"' EXIT

# resolve IN OUT [--constraint FILE]: writes all requirements of IN to OUT. The versions that OUT names already are kept.
resolve() {
  in=$1 out=$2
  shift 2
  uv pip compile $options "$in" --output-file "$out" "$@"
}

# add SET BASE: pins SET.in, and writes to SET.txt only what SET adds to BASE. BASE is installed first.
add() {
  cat "$full/$2.txt" "$1.txt" > "$full/$1.txt"
  resolve "$1.in" "$full/$1.txt" --constraint "$full/$2.txt"
  subtract "$2" "$1"
}

# subtract BASE SET: writes to SET.txt what SET adds to BASE. A requirement is a line with its hashes indented below.
subtract() {
  awk 'NR == FNR { base[$0]; next } /^[^ ]/ { keep = !($0 in base) } keep' "$full/$1.txt" "$full/$2.txt" > "$2.txt"
}

resolve ../layer/requirements.in ../layer/requirements.txt
cp ../layer/requirements.txt "$full/layer.txt"
add local layer
add dev local
add runtime local
resolve ../training/container/requirements.in ../training/container/requirements.txt --constraint "$full/dev.txt"
resolve ../training/container/requirements-training.in ../training/container/requirements-training.txt

# SageMaker's SDK limits the versions of rich and others. So the largest set is resolved first here, and constrains the
# smaller ones, which are installed before it.
cat training.txt sagemaker.txt training-tests.txt > "$full/training-tests.txt"
cat training.txt sagemaker.txt > "$full/sagemaker.txt"
cp training.txt "$full/training.txt"
resolve training-tests.in "$full/training-tests.txt"
resolve sagemaker.in "$full/sagemaker.txt" --constraint "$full/training-tests.txt"
resolve training.in "$full/training.txt" --constraint "$full/sagemaker.txt"
cp "$full/training.txt" training.txt
subtract sagemaker training-tests
subtract training sagemaker

# What it needs is installed before it, PyTorch among it.
resolve torchvision.in torchvision.txt --no-deps
resolve oldest-boto3.in oldest-boto3.txt
resolve too-old-boto3.in too-old-boto3.txt
resolve sam.in sam.txt
resolve audit.in audit.txt
resolve detector.in detector.txt
resolve peers.in peers.txt --no-deps
