#!/usr/bin/env bash
# Makes a self-signed certificate in a folder for the names in NAMES, unless there is another, or one
# of its own for these names that is valid for a month. The key comes first in the file.
set -euo pipefail
cd "$1"
subject="self-signed for this stack"

if [[ -e server.pem ]]; then
    if [[ ! -r server.pem ]]; then
        echo "CERTIFICATE names a folder whose server.pem is not readable for the user $UID." >&2
        exit 1
    fi
    if ! found=$(openssl x509 -noout -subject -in server.pem); then
        echo "CERTIFICATE names a folder whose server.pem has no certificate: put the key and then the" \
            "certificates into it, as PEM." >&2
        exit 1
    fi
    [[ $found == *"$subject"* ]] || exit 0
    if [[ -e names && $(<names) == "$NAMES" ]] && openssl x509 -noout -checkend 2592000 -in server.pem >/dev/null; then
        exit 0
    fi
elif [[ ! -w . ]]; then
    echo "CERTIFICATE names a folder without server.pem: put the key and the certificates into it." >&2
    exit 1
fi

umask 077
openssl req -batch -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 365 \
    -subj "/CN=$subject" -addext "subjectAltName=$NAMES" -keyout key.new -out certificate.new
cat key.new certificate.new >server.new
rm key.new certificate.new
sync server.new # the machine may go off
mv server.new server.pem
echo "$NAMES" >names # last: without this file the next start makes another
echo "There is a new certificate, for $NAMES."
