"""The text of `versions`: the registered versions, which is desired, and which is active."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from mnist_trainer.settings import Settings
from mnist_trainer.tracking.api import ActiveModel, ApiError, fetch_active
from mnist_trainer.tracking.model_reader import STAGE
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version


def describe_versions(registry: Registry, settings: Settings) -> Iterator[str]:
    """Yield lines: a table, what may be mistaken for the alias, and what the API says."""
    versions, aliases = registry.versions(), registry.aliases()
    desired = registry.desired_version()
    if versions:
        yield from _list(registry, versions, desired, aliases)
        yield from list_warnings(registry, versions, aliases)
    else:
        yield f"There is no version of {registry.name} yet; the command `train` makes one."
    if url := settings.api_url:
        try:
            yield _compare(fetch_active(url, settings.api_token), registry, desired, url)
        except ApiError as error:
            yield str(error)


def list_warnings(
    registry: Registry, versions: Sequence[Version], aliases: Mapping[str, int]
) -> Iterator[str]:
    """Yield a line for each stage or alias that looks like the alias, and is not followed."""
    number = aliases.get(registry.alias)
    staged = [each.number for each in versions if each.stage == STAGE]
    for each in staged:
        if number is None and each == max(staged):
            yield (
                f"No version has the alias {registry.alias}: version {each} is desired because it "
                f"is in the stage {STAGE}. `promote {each}` gives it the alias."
            )
        elif number != each:
            yield (
                f"Version {each} is in the stage {STAGE}, which the API does not follow: it "
                f"follows {'the alias' if number else 'the newest version of the stage'}."
            )
    for alias, each in aliases.items():
        if alias != registry.alias and alias.lower() == registry.alias.lower():
            yield (
                f"Version {each} has the alias {alias}, which the API does not follow: upper and "
                f"lower case differ, and MODEL_ALIAS is {registry.alias}."
            )


def _list(
    registry: Registry,
    versions: Sequence[Version],
    desired: Version | None,
    aliases: Mapping[str, int],
) -> Iterator[str]:
    name = registry.alias if registry.alias in aliases else "(stage)"
    yield f"{'version':>7}  {'accuracy':>8}  {'created':16}  {'alias':10}  gate"
    for each in versions:
        created = datetime.fromtimestamp(each.created_at).strftime("%Y-%m-%d %H:%M")
        alias = name if desired and each.number == desired.number else ""
        # anybody may have set the tag: no line breaks, no sequences that a terminal obeys
        gate = "".join(one if one.isprintable() else "?" for one in each.tags.get("gate", "-"))
        yield f"{each.number:>7}  {each.test_accuracy:>8}  {created:16}  {alias:10}  {gate}"


def _compare(active: ActiveModel, registry: Registry, desired: Version | None, url: str) -> str:
    if active.source == "file":
        return f"The API at {url} runs the file of its MODEL_FILE, and no registered version."
    if active.name != registry.name:
        return f"The API at {url} runs another model, {active.name}: its MODEL_NAME is another one."
    number = str(desired.number) if desired else None
    if active.version == number:
        return f"Version {number} is active in the API at {url}."
    difference = _explain(active, number) if number else "and no version is desired"
    return f"Version {active.version} is active in the API at {url}, {difference}."


def _explain(active: ActiveModel, number: str) -> str:
    """Return why version ``number``, which is desired, is not the active one."""
    if active.desired not in {None, number}:
        return (
            f"and version {active.desired} is desired there: it has not asked the registry since, "
            "or its MODEL_ALIAS or MLFLOW_TRACKING_URI is another one"
        )
    if active.desired == number and active.reason:
        return f"not version {number}: {active.reason.rstrip('.')}"
    return f"which has not loaded version {number} yet"
