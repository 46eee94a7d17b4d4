# Looks up every version that is pinned, and those given as arguments (name==version), in OSV, the database of known
# holes. Fails if there is one, and if the database does not answer: silence proves nothing.
set -eu
cd "$(dirname "$0")/.."
# CVE-2024-23342: by timing it, a private key can be learned from a machine that signs with ecdsa, whose authors don't
# plan to mend it. checkov alone depends on ecdsa, and signs nothing here.
look_up() {
  # It would warn that these lists have no hashes; the sets that they are taken from have.
  PIP_AUDIT_LOGLEVEL=ERROR pip-audit --vulnerability-service osv --strict --disable-pip --no-deps \
    --progress-spinner off --desc off --ignore-vuln CVE-2024-23342 --requirement "$1"
}
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT

# This version has had known holes since 2021. Whatever finds none in it is not the database: a proxy, or nothing.
echo 'urllib3==1.26.4' > "$lists/known"
look_up "$lists/known" > "$lists/answer" 2>&1 || true
if ! grep -Eq 'urllib3 .*(CVE|GHSA|PYSEC)-' "$lists/answer"; then
  tail -n 1 "$lists/answer" >&2
  echo 'Nothing was audited: OSV can not be reached. `make audit` needs a network that leads to api.osv.dev.' >&2
  exit 1
fi

# Sets pin a package differently, by Python and platform, and pip-audit takes one version of it at a time: the first
# versions of all packages are looked up together, then the second ones, and so on.
{
  cat requirements/*.txt functions/requirements.txt training/container/*.txt
  printf '%s\n' "$@"
} | sed -E 's/\[[^]]*\]//; s/[ ;+\\].*//' | grep == | sort -u |
  awk -F == -v lists="$lists" '{ print > (lists "/round-" ++versions[$1]) }'

failed=
for list in "$lists"/round-*; do
  look_up "$list" || failed=yes
done
if [ "$failed" ]; then
  echo 'Some versions have known holes, or could not be looked up; see above.' >&2
  exit 1
fi
