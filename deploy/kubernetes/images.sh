#!/usr/bin/env bash
# Builds the images and brings them to a cluster: images.sh kind load docker-image. The arguments are
# the command that does it, to which the images' names are added; without any they are built and listed.
set -euo pipefail
cd "$(dirname "$0")/../.."
names=(api trainer mlflow-server setup minio score)
tag=$(sed -n 's/.*name: mnist-api, newTag: \(.*\)}/\1/p' deploy/kubernetes/base/kustomization.yaml)
export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-mnist} GIT_COMMIT
GIT_COMMIT=$(git rev-parse HEAD 2>/dev/null || echo unknown)
COMPOSE_FILE=compose.yaml:compose/score.yaml docker compose --env-file /dev/null --profile '*' build
images=()
for name in "${names[@]}"; do
  docker tag "$COMPOSE_PROJECT_NAME-$name" "mnist-$name:$tag"
  images+=("mnist-$name:$tag")
done
if [ $# = 0 ]; then
  printf '%s\n' "${images[@]}"
  exit
fi
"$@" "${images[@]}"
# Of an image for many platforms, some engines give no file that a cluster takes.
docker image inspect postgres:17-trixie >/dev/null 2>&1 || docker pull --quiet postgres:17-trixie
"$@" postgres:17-trixie || echo "The cluster is to pull postgres:17-trixie itself." >&2
