# Sourced by tools/test and tools/demo: brings a bare Debian 12 to a configured and built build/release.
# Everything that it prints goes to stderr: stdout belongs to what runs afterwards.
#
#   install_packages             what is missing of the packages below, with apt
#   configure [option]...        preset release; TROUPE_WERROR=ON in the environment makes warnings errors
#   build [target]...            with all cores
#
# TROUPE_PACKAGES=skip says that the packages are there, on a system that is not Debian 12.

troupe_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
troupe_build=$troupe_root/build/release

packages=(
  cmake ninja-build g++ pkg-config ccache python3
  libcaf-dev capnproto libcapnp-dev libspdlog-dev doctest-dev
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libxxhash-dev libssl-dev
)

say() { printf 'troupe: %s\n' "$*" >&2; }

refuse() {
  say "$1"
  say "The packages are, by Debian 12's names: ${packages[*]}"
  say "Install them by hand, then run again with TROUPE_PACKAGES=skip in the environment."
  exit 1
}

# Debian 12, or a system that says it is made from it.
is_debian_12() {
  [ -r /etc/os-release ] || return 1
  (
    ID='' ID_LIKE='' VERSION_CODENAME='' DEBIAN_CODENAME=''
    . /etc/os-release
    case " $ID $ID_LIKE " in *" debian "*) ;; *) exit 1 ;; esac
    [ "${DEBIAN_CODENAME:-$VERSION_CODENAME}" = bookworm ] ||
      grep -qs '^12' /etc/debian_version
  )
}

system_name() { (PRETTY_NAME='' && . /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-another system}") || uname -s; }

# The names among `packages` that dpkg does not have; asks no network.
missing_packages() {
  local installed
  installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "${packages[@]}" 2>/dev/null || true) "
  local name
  for name in "${packages[@]}"; do
    [[ $installed == *" $name=installed "* ]] || echo "$name"
  done
}

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" >&2; }

install_packages() {
  [ "${TROUPE_PACKAGES:-}" != skip ] || return 0
  is_debian_12 || refuse "This installs its packages on Debian 12, and this is $(system_name)."
  local missing as_root=()
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      refuse "These packages are missing: ${missing[*]}. Installing them takes root or sudo, and there is neither."
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  if ! apt install -y --no-install-recommends "${missing[@]}"; then
    say "That did not work: reading the package lists anew, then once more."
    apt update || true
    apt install -y --no-install-recommends "${missing[@]}" ||
      refuse "apt-get could not install: ${missing[*]}. Its own words are above."
  fi
}

configure() {
  say "Configuring $troupe_build"
  (cd "$troupe_root" && cmake --preset release -DTROUPE_WERROR="${TROUPE_WERROR:-OFF}" --log-level=WARNING "$@") >&2
}

build() {
  say "Building with $(nproc) cores"
  cmake --build "$troupe_build" --parallel "$(nproc)" ${1:+--target "$@"} >&2
}
