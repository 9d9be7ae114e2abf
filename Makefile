.PHONY: dev test server server-down test-e2e

dev: ## The whole stack on this machine: Postgres, Temporal and its Web UI, API, worker
	npm ci
	npm run dev

test: ## Everything CI runs
	npm ci
	npm test

server: .env-docker ## The same stack in containers
	docker compose --env-file .env-docker up --build --detach --wait

server-down:
	docker compose --env-file .env-docker down

.env-docker:
	cp .env-example .env-docker

test-e2e: ## The HTTP suite against a running stack: BASE_URL, API_KEY
	npm ci
	npm run test:e2e
