#!/usr/bin/env bash
# Usage: tests/wordpress/packages.sh FOLDER
# Puts there what the WordPress tests need on a Debian: PHP and MariaDB as programs (no daemon starts), and the files of
# Debian's wordpress package in FOLDER/site. The package itself is not installed, because it would bring Apache along.
# Does nothing when all is there already. Needs root only while PHP or MariaDB is missing.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

folder=${1:?"usage: $0 FOLDER"}
programs=(php-cli php-mysql php-mbstring php-xml mariadb-server-core mariadb-client-core)
# The second line holds what symlinks in the package lead to.
files=(wordpress wordpress-l10n wordpress-theme-twentytwentyone
  php-getid3 libjs-underscore libjs-cropper)

updated=
update() { [[ $updated || $(id -u) != 0 ]] || apt-get update -qq; updated=1; }

missing=()
for name in "${programs[@]}"; do
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
done
if ((${#missing[@]})); then
  [[ $(id -u) == 0 ]] || { echo "missing: run once as root: apt-get install ${missing[*]}" >&2; exit 1; }
  update
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}" >/dev/null
fi

[[ ! -e $folder/site/.complete ]] || exit 0
update
mkdir -p "$folder"
work=$(mktemp -d "$folder/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "${files[@]}" >/dev/null)
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/root"; done

rm -f "$work/root/usr/share/wordpress/"{.htaccess,wp-config.php} # links to the settings of a site under Apache
# -L: what were links into other packages become files. Of the 100 languages only Russian is kept.
cp -rL "$work/root/usr/share/wordpress" "$work/site"
find "$work/site/wp-content/languages" -type f ! -name '*ru_RU*' -delete
echo '<?php require getenv("WP_RUN") . "/config.php";' >"$work/site/wp-config.php"
touch "$work/site/.complete"
rm -rf "$folder/site"
mv "$work/site" "$folder/site"
