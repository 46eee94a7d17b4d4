# Looks up every pinned version, and the versions in the arguments (name==version), in OSV, a database of known
# vulnerabilities. Fails if a version has one, or if the database does not answer.
set -eu
cd "$(dirname "$0")/.."
# CVE-2024-23342: an attacker who can measure how long ecdsa takes to sign can compute the private key. Its authors don't
# plan to fix it. Only checkov depends on ecdsa, and it signs nothing here.
look_up() {
  # At its usual log level, pip-audit warns that these lists have no hashes. The sets that they come from have.
  PIP_AUDIT_LOGLEVEL=ERROR pip-audit --vulnerability-service osv --strict --disable-pip --no-deps \
    --progress-spinner off --desc off --ignore-vuln CVE-2024-23342 --requirement "$1"
}
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT

# This version has had known vulnerabilities since 2021. If none is found, the answer does not come from the database.
echo 'urllib3==1.26.4' > "$lists/known"
look_up "$lists/known" > "$lists/answer" 2>&1 || true
if ! grep -Eq 'urllib3 .*(CVE|GHSA|PYSEC)-' "$lists/answer"; then
  tail -n 1 "$lists/answer" >&2
  echo 'Nothing was audited: OSV cannot be reached. `make audit` needs a network that reaches api.osv.dev.' >&2
  exit 1
fi

# Some packages are pinned in several versions, by Python version or platform, and pip-audit accepts only one version of
# a package at a time. So the first list has the first version of every package, the second list the second one, ...
{
  cat requirements/*.txt layer/requirements.txt training/container/*.txt
  printf '%s\n' "$@"
} | sed -E 's/\[[^]]*\]//; s/[ ;+\\].*//' | grep == | sort -u |
  awk -F == -v lists="$lists" '{ print > (lists "/round-" ++versions[$1]) }'

failed=
for list in "$lists"/round-*; do
  look_up "$list" || failed=yes
done
if [ "$failed" ]; then
  echo 'Some versions have known vulnerabilities, or could not be looked up. The output above names them.' >&2
  exit 1
fi
