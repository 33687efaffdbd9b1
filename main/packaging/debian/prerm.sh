#!/bin/sh
# Takes away what postinst put there.
set -e
if [ "$1" = remove ] && [ -e /etc/apparmor.d/alexnet-studio ]; then
  if command -v apparmor_parser >/dev/null; then
    apparmor_parser --remove /etc/apparmor.d/alexnet-studio || true
  fi
  rm -f /etc/apparmor.d/alexnet-studio
fi
