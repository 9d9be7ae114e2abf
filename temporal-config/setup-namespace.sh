#!/bin/sh
# Creates the namespace or corrects its retention, and adds missing search attributes. It is safe to repeat.
#   TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE   as the CLI reads them
#   SETUP_TIMEOUT                          seconds to wait for the server, 120 by default
set -eu
: "${TEMPORAL_ADDRESS:?}" "${TEMPORAL_NAMESPACE:?}"

retention=168h # 7 days
attributes=$(dirname "$0")/search-attributes.json
deadline=$(($(date +%s) + ${SETUP_TIMEOUT:-120}))

# Tries again, because the frontend serves before the other parts do. It knows a new namespace only after 10 s (its cache).
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

# If the attribute exists with the same type, this succeeds. With another type it fails.
ensure_search_attribute() {
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$1" --type "$2"
}

# Prints name and type, one attribute a line. It avoids jq, because the images of later versions have none.
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
