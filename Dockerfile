# One image for api, worker and migrate: the command says which.

FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
COPY package.json package-lock.json .npmrc ./

FROM base AS build
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN npm run build

FROM base AS dependencies
# Left out as well: what serves other platforms than the image's (108 MB), source maps of the API's page (8 MB).
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev \
 && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
      ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} + \
 && rm node_modules/swagger-ui-dist/*.map

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production \
    WORKFLOW_BUNDLE=/app/dist/workflow-bundle.js
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY activities ./activities
COPY workflows ./workflows
COPY --from=build /app/dist ./dist
# A new volume takes its owner from the directory that it is mounted on.
RUN install --directory --owner=1000 --group=1000 data data/uploads
# The image's own user `node`, by number: orchestrators that refuse root can't tell from a name.
USER 1000:1000
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["node", "src/bin/api.ts"]
