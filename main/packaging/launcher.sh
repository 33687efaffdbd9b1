#!/bin/sh
# alexnet-studio: without arguments the window, otherwise the command line, which needs no screen and no Electron.
resources=$(dirname "$(dirname "$(readlink -f "$0")")")
if [ $# -eq 0 ]; then
  exec "$resources/../alexnet-studio"
fi
exec "$resources/bin/node" "$resources/app/main/shells/cli/main.js" "$@"
