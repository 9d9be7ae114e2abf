.PHONY: dev test server server-down key test-e2e

dev: node_modules/.package-lock.json ## The whole stack on this machine: Postgres, Temporal and its Web UI, API, worker. S3=yes adds a local S3 server
	npm run dev

test: node_modules/.package-lock.json ## Everything CI runs
	npm test

# npm writes this file last. If it is missing, or older than the lock file, the packages have to be installed.
node_modules/.package-lock.json: package-lock.json
	npm ci

# ASSETS_DIR comes from the environment or .env-docker. It is also a mount point, so it has to be absolute.
COMPOSE = dir="$${ASSETS_DIR:-$$(sed -n 's/^ASSETS_DIR=//p' .env-docker)}" && \
	dir="$$(cd "$${dir:-assets}" && pwd)" || { echo "ASSETS_DIR has to be a directory" >&2; exit 1; } && \
	ASSETS_DIR="$$dir" docker compose --env-file .env-docker

server: .env-docker ## The same stack in containers
	@$(COMPOSE) up --build --detach --wait || { $(COMPOSE) ps --all; exit 1; }
	@echo "API          http://$$($(COMPOSE) port api 8000)"
	@echo "Temporal UI  http://$$($(COMPOSE) port temporal-ui 8080)"
	@grep -qx 'AUTH=disabled' .env-docker || { $(COMPOSE) exec -T api node src/bin/cli.ts keys list | grep -q ' active '; } || \
		printf '\nNo API key exists yet, and every request needs one. Make it:\n\n  make key\n\n%s\n' \
		'and send it with each request: curl -H "Authorization: Bearer vk_…" (or set AUTH=disabled and AUTH_DISABLED_ON_PUBLIC_ADDRESS=yes in .env-docker)'

# E.g. make key ARGS="--tenant research --name importer --scopes assets:read,assets:write --expires-days 90"
key: .env-docker ## A new API key for the stack of `make server`
	@$(COMPOSE) exec -T api node src/bin/cli.ts keys create $(ARGS)

server-down: .env-docker ## Stops it; the data stays in its volume
	@ASSETS_DIR="$(CURDIR)" docker compose --env-file .env-docker down

.env-docker:
	@umask 077 && sed "s|^SECRETS_KEY=$$|SECRETS_KEY=$$(head -c 32 /dev/urandom | base64)|" .env-example > .env-docker
	@echo "Made .env-docker from .env-example, with a SECRETS_KEY of its own: keep it."

test-e2e: node_modules/.package-lock.json ## The HTTP suite against a running stack: BASE_URL, API_KEY
	npm run test:e2e
