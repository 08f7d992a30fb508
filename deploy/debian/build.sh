#!/bin/sh
# Makes a Debian package of a built program: build.sh PROGRAM FOLDER prints the package's path. `cargo xtask deb` builds the
# program and calls this. Needs dpkg-deb, strip and gzip.
set -eu
program=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

put() { install -D -m "$1" "$2" "$stage/$3"; }
put 755 "$program" usr/bin/trunkline
strip --strip-all "$stage/usr/bin/trunkline"
trunkline=$stage/usr/bin/trunkline
version=$("$trunkline" --version | cut -d' ' -f2)

put 644 "$root/deploy/trunkline.service" usr/lib/systemd/system/trunkline.service
put 644 "$root/questions.json" etc/trunkline/questions.json
"$trunkline" config example > "$stage/etc/trunkline/trunkline.toml"
install -m 600 /dev/null "$stage/etc/trunkline/secrets.env"
echo '# NAME=value, a line each, such as TWILIO_AUTH_TOKEN=…; read by the service alone.' > "$stage/etc/trunkline/secrets.env"

share=$stage/usr/share
mkdir -p "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/vendor-completions" \
    "$share/fish/vendor_completions.d" "$share/doc/trunkline"
"$trunkline" man | gzip -9n > "$share/man/man1/trunkline.1.gz"
"$trunkline" completions bash > "$share/bash-completion/completions/trunkline"
"$trunkline" completions zsh > "$share/zsh/vendor-completions/_trunkline"
"$trunkline" completions fish > "$share/fish/vendor_completions.d/trunkline.fish"
cp -r "$root/docs/." "$root/README.md" "$share/doc/trunkline/"
cp -r "$root/deploy/prometheus" "$root/deploy/grafana" "$share/doc/trunkline/"
gzip -9n < "$root/CHANGELOG.md" > "$share/doc/trunkline/changelog.gz"
cat "$root/LICENSE" "$root/LICENSE-MIT" > "$share/doc/trunkline/copyright"
find "$stage" -type d -exec chmod 755 {} +
find "$share" -type f -exec chmod 644 {} +

mkdir "$stage/DEBIAN"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$stage/DEBIAN/$script"; done
printf '/etc/trunkline/%s\n' questions.json trunkline.toml secrets.env > "$stage/DEBIAN/conffiles"
# What it was linked against here is the least that it needs there.
libc=$(ldd --version | head -n 1 | grep -o '[0-9.]*$')
cat > "$stage/DEBIAN/control" <<CONTROL
Package: trunkline
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: Trunkline <maintainers@trunkline.example>
Section: comm
Priority: optional
Depends: libc6 (>= $libc)
Recommends: ca-certificates
Suggests: postgresql, redis-server
Installed-Size: $(du -sk --exclude=DEBIAN "$stage" | cut -f1)
Homepage: https://trunkline.example
Description: call server that owns every phone call from intent to outcome
 Places and receives calls through carriers, asks scripted questionnaires,
 works an outbound call queue, and keeps all of it in a journal that no crash
 and no database outage can lose.
CONTROL
package=$out/trunkline_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group "-Z${DEB_COMPRESSION:-xz}" --build "$stage" "$package" >&2
echo "$package"
