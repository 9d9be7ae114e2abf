#!/bin/sh
# Creates the namespace or corrects its retention, and adds the search attributes it lacks. Safe to repeat.
#   TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE   as the CLI reads them
#   SETUP_TIMEOUT                          seconds to wait for the server, 120 by default
set -eu
: "${TEMPORAL_ADDRESS:?}" "${TEMPORAL_NAMESPACE:?}"

retention=168h # 7 days
attributes=$(dirname "$0")/search-attributes.json
deadline=$(($(date +%s) + ${SETUP_TIMEOUT:-120}))

# The frontend serves before the rest does, and knows a new namespace only after its cache is refreshed (10 s).
retry() {
  until output=$("$@" 2>&1); do
    if [ "$(date +%s)" -ge "$deadline" ]; then
      echo "gave up: $*" >&2
      echo "$output" >&2
      return 1
    fi
    sleep 1
  done
}

ensure_namespace() {
  if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$retention"
  else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$retention"
  fi
}

# An attribute that exists with the same type is not an error; with another type it is.
ensure_search_attribute() {
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$1" --type "$2"
}

# Name and type, one attribute a line. (The images of later versions have no jq.)
list_attributes() {
  tr -d '{}" \n' <"$attributes" | tr ',' '\n' | tr ':' ' '
  echo
}

retry temporal operator cluster health
retry ensure_namespace
list_attributes | while read -r name type; do
  retry ensure_search_attribute "$name" "$type"
done
echo "namespace $TEMPORAL_NAMESPACE is ready"
