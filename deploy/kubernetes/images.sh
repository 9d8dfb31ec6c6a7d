#!/usr/bin/env bash
# Builds the images and brings them to a cluster: images.sh kind load docker-image. The arguments are
# the command that does it, to which the images' names are added; without any they are only built.
set -euo pipefail
cd "$(dirname "$0")/../.."
names=(api trainer mlflow-server setup minio score)
tag=$(sed -n 's/.*name: mnist-api, newTag: \(.*\)}/\1/p' deploy/kubernetes/base/kustomization.yaml)
export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-mnist}
COMPOSE_FILE=compose.yaml:compose/score.yaml docker compose --env-file /dev/null --profile '*' build
images=()
for name in "${names[@]}"; do
  docker tag "$COMPOSE_PROJECT_NAME-$name" "mnist-$name:$tag"
  images+=("mnist-$name:$tag")
done
docker image inspect postgres:17-trixie >/dev/null 2>&1 || docker pull --quiet postgres:17-trixie
[ $# = 0 ] || "$@" "${images[@]}" postgres:17-trixie
